import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Names that no public server knows, as mDNS and an operator's own DNS would answer for them.
  "--host-resolver-rules=MAP *.local 127.0.0.1, MAP *.test 127.0.0.1",
];

/** The system's Chromium, and nothing that it would ask of the Internet. */
export function browser() {
  const directories = ["/usr/bin", ...(process.env.PATH ?? "").split(delimiter)];
  const files = NAMES.flatMap((name) => directories.map((directory) => join(directory, name)));
  const executablePath = files.find((file) => existsSync(file));
  if (!executablePath) throw new Error("Chromium is not installed: run `cargo xtask rigs`");
  return { executablePath, args: ARGUMENTS };
}
