/** Who is signed in. */
import { api, whenSignedOut, type Account } from "./api/client";
import { failureFrom, type Failure } from "./api/problem";

type State =
  | { is: "asking" }
  | { is: "signed-in"; account: Account }
  | { is: "signed-out" }
  | { is: "unknown"; failure: Failure };

class CurrentSession {
  #state = $state.raw<State>({ is: "asking" });

  get state(): State {
    return this.#state;
  }

  get account(): Account | null {
    return this.#state.is === "signed-in" ? this.#state.account : null;
  }

  /** Asks the hub. */
  async ask(): Promise<void> {
    this.#state = { is: "asking" };
    try {
      this.begin(await api.session());
    } catch (thrown) {
      const failure = failureFrom(thrown);
      if (failure.code !== "signed-out") this.#state = { is: "unknown", failure };
    }
  }

  begin(account: Account): void {
    this.#state = { is: "signed-in", account };
  }

  end(): void {
    this.#state = { is: "signed-out" };
  }

  /** Ends the session at the hub. The caller moves on and then calls `end`. */
  async signOut(): Promise<void> {
    try {
      await api.signOut();
    } catch (thrown) {
      // Already signed out is what was wanted.
      if (failureFrom(thrown).code !== "signed-out") throw thrown;
    }
  }
}

export const session = new CurrentSession();
whenSignedOut(() => session.end());
