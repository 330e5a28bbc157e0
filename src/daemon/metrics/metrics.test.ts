import { expect, test } from "vitest";
import { waitUntil } from "../../../test/support/waiting.ts";
import type { Daemon } from "../daemon.ts";
import { Metrics } from "./metrics.ts";

test("who asks again at once gets the same, since the flows need the thread; later it is looked at anew", async () => {
  let looks = 0;
  const daemon = {
    stateDirectory: "/nowhere",
    set: { configuration: { flows: [] } },
    clock: { wall: () => 0 },
    status() {
      looks++;
      return { pid: 1, sinceMs: 0, flows: [], residentBytes: looks, page: null };
    },
  } as unknown as Daemon;
  using metrics = new Metrics();
  const first = await metrics.text(daemon);
  expect(await metrics.text(daemon)).toBe(first);
  expect(looks).toBe(1);
  await waitUntil("it is looked at anew", async () => (await metrics.text(daemon)) !== first);
});
