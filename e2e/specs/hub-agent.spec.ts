import { withHubAndAgent as test } from "../fixtures.ts";
import { journey } from "../journey.ts";

// covers: RL-1, RL-2, RL-3, RL-4, RL-6, LK-1, SV-2, AC-3, AC-12
test("OctoPrint through hub and agent, linked by a code", async ({ page, rig }) => {
  await journey(page, rig, async (dashboard) => {
    await dashboard.link(rig);
    rig.run("agent", "run");
  });
});
