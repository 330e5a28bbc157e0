import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { sshTemplates, staged, stagingOf, useCommands } from "../support/commands-world.ts";
import { hostileNames } from "../support/names.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";
import { expectSameTrees, rawReceipts, writeFiles } from "./engine-world.ts";

const allNames = [...hostileNames.map((name, at) => name(`n${at}`)), "plain", "{file} {dest}", "d 'x\n\u00ff/y;z"];

test.concurrent.each([
  ["scp", "{file}"],
  ["scp", "{batch}"],
  ["old scp", "{batch}"],
  ["rsync", "{batch}"],
  ["bbcp", "{batch}"],
] as const)("%s brings files of any name with %s, each verified, and leaves nothing in the staging directory", async (tool, what) => {
  await using world = await makeWorld();
  useCommands(world, { ...sshTemplates(world, what)[tool], batch: 20 }, { flow: { retry: { attempts: 2, backoff: "50ms..100ms" } } });
  const random = new Random(chooseSeed("commands"));
  // A connection for each takes its time.
  const some = what === "{file}" || tool === "bbcp";
  for (const name of some ? allNames.filter((_, at) => at % 5 === 2) : allNames) writeFiles(world.source, { [name]: random.fill(2000) });
  writeFiles(world.source, { "deep ;er/a b": "in a directory" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  await expectSameTrees(world, /^$/);
  const puts = (await rawReceipts(world)).filter(({ kind }) => kind === "put");
  expect(new Set(puts.map(({ method, basis }) => `${String(method)} ${String(basis)}`))).toEqual(new Set(["transferred digest"]));
  expect(staged(world)).toEqual([]);
  for (const place of [world.directory, world.place.home, world.sshd!.home, process.cwd()])
    expect(readdirSync(place).filter((name) => name.startsWith("owned"))).toEqual([]);
});

test.concurrent("an outage in the middle of a transfer costs no attempt: the flow waits, and goes on where it was", async () => {
  await using world = await makeWorld({ proxied: true });
  const detour = `-o Port=${world.proxy.port} -o HostKeyAlias=[127.0.0.1]:${world.sshd!.port}`;
  const { transfer, remote } = sshTemplates(world, "{batch}").scp;
  const commands = {
    transfer: transfer.replace("scp ", `scp ${detour} `),
    remote: remote.replace("ssh ", `ssh ${detour} `),
    timeout: "10s",
  };
  // One counted attempt would be a dead letter.
  useCommands(world, commands, { flow: { retry: { attempts: 1 } } });
  const random = new Random(chooseSeed("commands outage"));
  for (const name of ["a", "b", "c"]) writeFiles(world.source, { [name]: random.fill(1_000_000) });
  await world.proxy.set({ bandwidthBytesPerS: 800_000 });
  world.hotdir.start();
  await waitUntil("something to land", () => staged(world).some((name) => readdirSync(`${stagingOf(world)}/${name}`).length > 0));
  await world.proxy.set({ connections: "refuse" });
  await world.proxy.reset();
  const status = await world.hotdir.waitFor("a flow that waits", ({ flows }) => flows[0]?.state === "waiting");
  expect(status.flows[0]).toMatchObject({ counts: { delivered: 0, dead: 0 } });
  await world.proxy.set({});
  await world.hotdir.waitIdle(3);
  expect(await world.hotdir.dead()).toEqual([]);
  await expectSameTrees(world);
  await waitUntil("the staging directory to be empty", () => staged(world).length === 0);
}, 60_000);
