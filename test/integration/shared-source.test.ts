import { readdirSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";
import { configure, isThere, namesIn, writeFiles } from "./engine-world.ts";

test(
  "what one flow's retention takes from a source is no removal to another that propagates those, and a person's is",
  { timeout: 60_000 },
  async () => {
    await using world = await makeWorld({ destination: "file", flow: { source: { propagate: ["put", "mkdir", "delete", "rmdir"] } } });
    configure(world, (flow) => ({
      mirror: flow,
      archive: { ...flow, destination: { ...flow.destination, url: `file:${world.directory}/archive` }, retain: { delete_after: "2s" } },
    }));
    const { hotdir } = world;
    hotdir.start();
    await hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
    const names = Array.from({ length: 20 }, (_, at) => `file-${at}`);
    writeFiles(world.source, { ...Object.fromEntries(names.map((name) => [`sub/${name}`, name])), taken: "by a person" });
    await hotdir.waitIdle(22);
    rmSync(`${world.source}/taken`);
    await waitUntil("the sources to go", () => (readdirSync(`${world.source}/sub`).length === 0 ? true : null), { timeoutMs: 30_000 });
    await waitUntil("the person's removal", () => (isThere(`${world.destination}/taken`) ? null : true), { timeoutMs: 30_000 });
    // All is compared once more at a start.
    expect((await hotdir.ask("restart", "mirror")).status).toBe(0);
    await hotdir.waitIdle(22);
    await hotdir.stop();
    expect(await hotdir.runUntilIdle(), hotdir.log()).toBe(0);
    expect(namesIn(`${world.destination}/sub`)).toEqual(names.toSorted());
  },
);
