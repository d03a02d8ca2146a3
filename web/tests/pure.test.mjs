// The parts of the dashboard that are plain functions. Everything else is tested in a real browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runnerImport } from "vite";

const load = async (path) => (await runnerImport(path, { configFile: false, logLevel: "error" })).module;

const { localAddress } = await load("./src/router/local.ts");
const { EventParser } = await load("./src/api/events.ts");
const { failureFrom, failureOf } = await load("./src/api/problem.ts");
const { ago, countdown, device, wait } = await load("./src/words.ts");

const SITE = "https://hub.example/sign-in";

test("a link to another site in next leads to the start page", () => {
  const elsewhere = ["//evil.example", "/\\evil.example", "/\t/evil.example", "\\\\evil.example", "https://evil.example/", "javascript:alert(1)", "evil", "", null];
  for (const next of elsewhere) assert.equal(localAddress(next, SITE).href, "https://hub.example/", JSON.stringify(next));
});

test("a path that turns into two slashes stays on this site", () => {
  assert.equal(localAddress("/.//evil.example", SITE).origin, "https://hub.example");
});

test("next keeps the query of the page that was asked for", () => {
  assert.equal(localAddress("/open/1?pre=a&next=/x", SITE).href, "https://hub.example/open/1?pre=a&next=/x");
});

test("events come out whole, however they are cut on the way", () => {
  const text = ": ping\n\nevent: printers\r\ndata: [1,\r\ndata: 2]\r\n\r\ndata:plain\n\n";
  const expected = [
    { name: "printers", data: "[1,\n2]" },
    { name: "message", data: "plain" },
  ];
  assert.deepEqual(new EventParser().push(text), expected);
  const parser = new EventParser();
  assert.deepEqual([...text].flatMap((character) => parser.push(character)), expected);
});

test("an endless line or event is refused", () => {
  const megabyte = "x".repeat(1024 * 1024);
  const line = new EventParser();
  assert.throws(() => { for (let count = 0; count < 6; count++) line.push(megabyte); }, RangeError);
  const event = new EventParser();
  assert.throws(() => { for (let count = 0; count < 6; count++) event.push(`data: ${megabyte}\n`); }, RangeError);
});

test("a problem becomes a failure with its code and a sentence", async () => {
  const headers = { "content-type": "application/problem+json", "retry-after": "90" };
  const body = { type: "about:blank", title: "Weak", status: 422, detail: "Add a word.", code: "weak-password", request_id: "r1" };
  const failure = await failureOf(new Response(JSON.stringify(body), { status: 422, headers }));
  assert.deepEqual(
    [failure.code, failure.sentence, failure.status, failure.retryAfter, failure.requestId],
    ["weak-password", "Add a word.", 422, 90, "r1"],
  );
});

test("an answer that is no problem document still has a sentence", async () => {
  const failure = await failureOf(new Response("<h1>Bad gateway</h1>", { status: 502 }));
  assert.equal(failure.code, "unexpected");
  assert.match(failure.sentence, /502/);
  assert.equal(failureFrom(new TypeError("Failed to fetch")).code, "unreachable");
});

test("times are said as people say them", () => {
  const now = Date.parse("2026-11-22T20:00:00Z");
  assert.equal(ago("2026-11-22T20:00:05Z", now), "just now");
  assert.equal(ago("2026-11-22T19:55:00Z", now), "5 minutes ago");
  assert.equal(ago("2026-11-21T19:00:00Z", now), "yesterday");
  assert.equal(countdown(545_000), "9:05");
  assert.equal(countdown(-1), "0:00");
  assert.equal(wait(700), "12 minutes");
  assert.equal(wait(1), "1 second");
});

test("devices are told apart", () => {
  const iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1";
  assert.equal(device(iphone), "Safari on iPhone");
  assert.equal(device("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox on Linux");
  assert.equal(device("curl/8.5.0"), "curl/8.5.0");
  assert.equal(device(""), "Unknown device");
});
