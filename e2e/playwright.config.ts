import { defineConfig } from "@playwright/test";
import { browser } from "./browser.ts";

// One worker: every test starts a real OctoPrint. No retries: a test that fails now and then is
// broken.
export default defineConfig({
  testDir: "specs",
  outputDir: "results",
  reporter: "list",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  use: {
    // The hub makes its own certificate; its fingerprint is for people to compare.
    ignoreHTTPSErrors: true,
    actionTimeout: 15_000,
    navigationTimeout: 30_000,
    trace: "retain-on-failure",
    launchOptions: browser(),
  },
  projects: [
    { name: "tests", testMatch: "*.spec.ts" },
    { name: "pictures", testMatch: "pictures.ts" },
  ],
});
