import { test as base } from "@playwright/test";
import { Rig } from "./rig.ts";

/** A test with a rig of its own that ends with it. */
function withRig(mode: "up" | "hub-agent" | "gate") {
  return base.extend<{ rig: Rig }>({
    rig: async ({}, use) => {
      const rig = await Rig.start(mode);
      await use(rig);
      await rig.end();
    },
  });
}

export const withUp = withRig("up");
export const withHubAndAgent = withRig("hub-agent");
export const withGate = withRig("gate");
