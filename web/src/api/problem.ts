/**
 * The one place where a failed request becomes an error with a sentence for people. Routes ask for
 * `code` where they have something better to say or to do, and show `sentence` everywhere else.
 */
import type { components } from "./schema";

type ProblemDocument = components["schemas"]["Problem"];

/** A request that did not do what was asked. */
export class Failure extends Error {
  constructor(
    /** The hub's word for what went wrong; `unreachable` and `unexpected` are the browser's own. */
    readonly code: string,
    /** What happened and, where there is one, what to do about it. */
    readonly sentence: string,
    /** HTTP status; 0 if there was no answer. */
    readonly status = 0,
    /** Seconds until another try makes sense, if the hub said so. */
    readonly retryAfter: number | null = null,
    /** What to quote when asking for help. */
    readonly requestId: string | null = null,
  ) {
    super(sentence);
    this.name = "Failure";
  }
}

/** Sentences for codes whose own detail says less than the dashboard can. */
const SENTENCES: Record<string, string> = {
  "signed-out": "You are signed out. Please sign in again.",
  "wrong-credentials": "That email address and password don't match an account here.",
  "too-many-attempts": "There were too many attempts. Please wait a while before you try again.",
  "setup-closed": "This hub already has its first account.",
  "setup-token": "This setup link has expired or was used before.",
  "setup-not-private": "For your safety, setup works only from the network that the hub is in.",
  "wrong-words": "Those are not the words of the agent that answered, so it was turned away.",
  "link-state": "This link code can't be used any more.",
};

/** The error for an answer whose status says that it failed. */
export async function failureOf(response: Response): Promise<Failure> {
  const document = await problemIn(response);
  const code = document.code ?? "unexpected";
  const sentence = SENTENCES[code] ?? document.detail ?? document.title ?? `The hub answered with an error (${response.status}).`;
  const id = document.request_id ?? response.headers.get("x-request-id");
  return new Failure(code, sentence, response.status, secondsToWait(response.headers), id);
}

/** The error for anything that was thrown on the way to an answer or in it. */
export function failureFrom(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  // Without an answer `fetch` throws a TypeError; a cut or slow one ends in a DOMException.
  if (thrown instanceof TypeError || thrown instanceof DOMException) return unreachable();
  return new Failure("unexpected", "Something went wrong in the dashboard. Reloading the page may help.");
}

export function unreachable(): Failure {
  return new Failure("unreachable", "The hub can't be reached right now. Check that it is running and that you are connected.");
}

async function problemIn(response: Response): Promise<Partial<ProblemDocument>> {
  if (!response.headers.get("content-type")?.startsWith("application/problem+json")) return {};
  try {
    return (await response.json()) as Partial<ProblemDocument>;
  } catch {
    return {};
  }
}

function secondsToWait(headers: Headers): number | null {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}
