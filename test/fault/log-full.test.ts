import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mountTmpfs } from "../support/mount.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";
import { expectSameTrees, writeFiles } from "../integration/engine-world.ts";

test("a full disk under the log: everything is delivered all the same, it is told once, and the log goes on when there is room", async () => {
  await using world = await makeWorld({ destination: "file" });
  const directory = `${world.place.stateDirectory}/log`;
  mkdirSync(directory);
  await using disk = mountTmpfs(directory, "64k");
  writeFileSync(`${directory}/ballast`, Buffer.alloc(48 * 1024));
  world.hotdir.start();
  const files = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`file-${at}`, `content ${at}`]));
  writeFiles(world.source, files);
  await world.hotdir.waitIdle(400);
  await expectSameTrees(world);
  const shown = (): string => readFileSync(world.place.logFile, "utf8");
  await waitUntil("the trouble told", () => shown().includes("cannot be written: ENOSPC"));
  disk.resize("8m");
  await waitUntil("the log to go on", () => shown().includes("the log file is written again"), { timeoutMs: 60_000 });
  writeFiles(world.source, { after: "after" });
  await waitUntil("a line of what came after", async () =>
    (await world.hotdir.ask("log", "--file", "after")).stdout.includes("delivered after"),
  );
  expect(shown().split("cannot be written: ENOSPC").length - 1).toBe(1);
  const lines = readFileSync(`${directory}/hotdir.log`, "utf8").split("\n").slice(0, -1);
  for (const line of lines) expect(() => JSON.parse(line) as unknown, line).not.toThrow();
  expect(await world.hotdir.stop()).toBe(0);
});
