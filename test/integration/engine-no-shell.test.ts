import { expect, test } from "vitest";
import { chooseSeed, Random } from "../support/random.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";
import { expectSameTrees, flowFact, isThere, rawReceipts, writeFiles } from "./engine-world.ts";

const withoutShell = ["ForceCommand internal-sftp"];

test("a far side without a shell: small, medium and large files are delivered and read back over SFTP", async () => {
  await using world = await makeWorld({ sshdConfig: withoutShell, flow: { destination: { segment_above: "4M" } } });
  const random = new Random(chooseSeed("no shell"));
  for (let at = 0; at < 40; at++) writeFiles(world.source, { [`small/${at % 5}/f${at}`]: random.fill(at * 97) });
  writeFiles(world.source, { empty: "", medium: random.fill(3_000_001), large: random.fill(20_000_003) });
  world.hotdir.start();
  await world.hotdir.waitIdle(43);
  expect(await flowFact(world, "read_back")).toBe("sftp");
  await expectSameTrees(world);
  const files = (await rawReceipts(world)).filter(({ kind }) => kind === "put");
  expect(files).toHaveLength(43);
  expect(new Set(files.map(({ basis, algorithm }) => `${String(basis)} ${String(algorithm)}`))).toEqual(new Set(["digest sha256"]));
});

test("a far side without a shell holds up no start: once a lane is open a file goes at once", async () => {
  await using world = await makeWorld({ sshdConfig: withoutShell });
  world.hotdir.start();
  await waitUntil("a lane", async () => ((await flowFact(world, "lanes")) as { open: number }).open > 0);
  const startedMs = performance.now();
  writeFiles(world.source, { first: "first" });
  await waitUntil("the file at the destination", () => isThere(`${world.destination}/first`), { everyMs: 5 });
  const tookMs = Math.round(performance.now() - startedMs);
  console.log(`without a shell, from close to published: ${tookMs} ms`);
  // Two seconds is what the engine waits for a shell that does not answer at all.
  expect(tookMs).toBeLessThan(1_900);
});
