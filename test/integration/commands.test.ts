import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { sshTemplates, staged, useCommands } from "../support/commands-world.ts";
import { hostileNames } from "../support/names.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { makeWorld } from "../support/world.ts";
import { expectSameTrees, rawReceipts, writeFiles } from "./engine-world.ts";

const allNames = [...hostileNames.map((name, at) => name(`n${at}`)), "plain", "{file} {dest}", "d 'x\n\u00ff/y;z"];

test.each([
  ["scp", "{file}"],
  ["scp", "{batch}"],
  ["old scp", "{batch}"],
  ["rsync", "{batch}"],
] as const)("%s brings files of any name with %s, each verified, and leaves nothing in the staging directory", async (tool, what) => {
  await using world = await makeWorld();
  useCommands(world, { ...sshTemplates(world, what)[tool], batch: 20 }, { flow: { retry: { attempts: 2, backoff: "50ms..100ms" } } });
  const random = new Random(chooseSeed("commands"));
  // One command for each takes its time.
  for (const name of what === "{file}" ? allNames.filter((_, at) => at % 4 === 1) : allNames)
    writeFiles(world.source, { [name]: random.fill(2000), [`deep ;er/${name}`.slice(0, 240)]: random.fill(10) });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  await expectSameTrees(world, /^$/);
  const puts = (await rawReceipts(world)).filter(({ kind }) => kind === "put");
  expect(new Set(puts.map(({ method, basis }) => `${String(method)} ${String(basis)}`))).toEqual(new Set(["transferred digest"]));
  expect(staged(world)).toEqual([]);
  for (const place of [world.directory, world.place.home, world.sshd!.home, process.cwd()])
    expect(readdirSync(place).filter((name) => name.startsWith("owned"))).toEqual([]);
});
