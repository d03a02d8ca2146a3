/**
 * The hub's public API, as the dashboard uses it. Types come from the OpenAPI document; every
 * failure is a `Failure`.
 */
import { noteServerTime } from "../clock";
import { Failure, failureFrom, failureOf, unreachable } from "./problem";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Hub = Schemas["Hub"];
export type Warnings = Schemas["Warnings"];
export type Account = Schemas["Account"];
export type Session = Schemas["Session"];
export type Printer = Schemas["Printer"];
export type Agent = Schemas["Agent"];
export type Link = Schemas["Link"];
export type Exposure = Schemas["Exposure"];
export type ExposureFinding = Schemas["ExposureFinding"];
export type TriedPort = Schemas["TriedPort"];

/** Longest wait for an ordinary answer. Making an account hashes a password, which takes a while. */
const PATIENCE_MS = 20_000;

let signedOut: () => void = () => {};

/** Says what to do when the hub answers that nobody is signed in. */
export function whenSignedOut(act: () => void): void {
  signedOut = act;
}

export const api = {
  hub: () => call<Hub>("GET", "/hub"),
  warnings: () => call<Warnings>("GET", "/hub/warnings"),
  setup: (body: Schemas["SetupRequest"]) => call<Account>("POST", "/setup", body),

  session: () => call<Account>("GET", "/session"),
  signIn: (body: Schemas["SignInRequest"]) => call<Account>("POST", "/session", body),
  signOut: () => call<void>("DELETE", "/session"),

  sessions: () => call<Session[]>("GET", "/sessions"),
  endSession: (id: string) => call<void>("DELETE", `/sessions/${part(id)}`),
  endOtherSessions: () => call<void>("DELETE", "/sessions"),
  changePassword: (body: Schemas["PasswordChange"]) => call<void>("PUT", "/account/password", body),

  agents: () => call<Agent[]>("GET", "/agents"),
  unlink: (id: string) => call<void>("DELETE", `/agents/${part(id)}`),

  makeLink: () => call<Link>("POST", "/links"),
  makeReplacement: (agent: string) => call<Link>("POST", `/agents/${part(agent)}/replacement`),
  link: (id: string) => call<Link>("GET", `/links/${part(id)}`),
  approveLink: (id: string, words: string) => call<Link>("POST", `/links/${part(id)}/approve`, { words }),
  declineLink: (id: string) => call<void>("DELETE", `/links/${part(id)}`),

  /** Has the hub look at the address that this very request comes from. Takes up to 15 seconds. */
  checkExposure: () => call<Exposure>("POST", "/exposure"),

  /** The open stream of events; its first bytes may take a moment, its end may never come. */
  events: (signal: AbortSignal) => stream("/events", signal),
};

async function call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  try {
    const response = await fetch(`/api/v1${path}`, request(method, body));
    await check(response);
    return (response.status === 204 ? undefined : await response.json()) as Answer;
  } catch (thrown) {
    throw failureFrom(thrown);
  }
}

async function stream(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const headers = { accept: "text/event-stream" };
  const response = await fetch(`/api/v1${path}`, { headers, cache: "no-store", signal });
  await check(response);
  if (!response.body) throw unreachable();
  return response.body;
}

function request(method: string, body: unknown): RequestInit {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const common: RequestInit = { method, signal, cache: "no-store", redirect: "error" };
  if (body === undefined) return common;
  return { ...common, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

async function check(response: Response): Promise<void> {
  noteServerTime(response.headers.get("date"));
  if (response.ok) return;
  const failure: Failure = await failureOf(response);
  if (failure.code === "signed-out") signedOut();
  throw failure;
}

function part(id: string): string {
  return encodeURIComponent(id);
}
