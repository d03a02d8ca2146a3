import { withUp as test } from "../fixtures.ts";
import { journey } from "../journey.ts";

// covers: RL-1, RL-2, RL-3, RL-4, SV-1, SV-2, AC-3, AC-12
test("OctoPrint through one process, from the setup link to a running print", async ({ page, rig }) => {
  await journey(page, rig);
});
