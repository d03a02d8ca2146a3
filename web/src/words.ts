/** Times, devices and permissions in words. */
import type { Printer } from "./api/client";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

/** "just now", "5 minutes ago", "yesterday", and a date when that says more. */
export function ago(time: string, now: number): string {
  const seconds = Math.round((now - Date.parse(time)) / 1000);
  if (seconds < MINUTE) return "just now";
  if (seconds < HOUR) return relative.format(-Math.floor(seconds / MINUTE), "minute");
  if (seconds < DAY) return relative.format(-Math.floor(seconds / HOUR), "hour");
  if (seconds < 7 * DAY) return relative.format(-Math.floor(seconds / DAY), "day");
  return `on ${calendar.format(Date.parse(time))}`;
}

/** "21:45" */
export function timeOfDay(time: number): string {
  return clock.format(time);
}

/** "22 November 2026, 21:45" */
export function fullTime(time: string): string {
  return `${calendar.format(Date.parse(time))}, ${clock.format(Date.parse(time))}`;
}

/** "9:05" for what is left until a time; "0:00" once it has come. */
export function countdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** "12 minutes", "40 seconds": a time to wait, rounded up. */
export function wait(seconds: number): string {
  const [count, unit] = seconds < 90 ? [Math.ceil(seconds), "second"] : [Math.ceil(seconds / 60), "minute"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

const BROWSERS: [RegExp, string][] = [
  [/Edg(e|A|iOS)?\//, "Edge"],
  [/OPR\//, "Opera"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/(Firefox|FxiOS)\//, "Firefox"],
  [/(Chrome|CriOS|Chromium)\//, "Chrome"],
  [/Safari\//, "Safari"],
];

const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "Mac"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

/** "Firefox on Linux" for what a browser calls itself; anything else as it is. */
export function device(agent: string): string {
  const name = (known: [RegExp, string][]) => known.find(([pattern]) => pattern.test(agent))?.[1];
  const [browser, system] = [name(BROWSERS), name(SYSTEMS)];
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? (agent.trim() || "Unknown device");
}

/** What a level allows, as its holder would say it. */
export const LEVELS: Record<Printer["level"], string> = {
  view: "You may look",
  queue: "You may queue your own prints",
  print: "You may start and stop prints",
  controls: "You may control it",
  admin: "You own it",
};

export const KINDS: Record<Printer["kind"], string> = {
  octoprint: "OctoPrint",
  moonraker: "Moonraker",
  prusalink: "PrusaLink",
};
