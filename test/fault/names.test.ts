import { linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hostileNames } from "../support/names.ts";
import { compareTrees, readTree } from "../support/tree.ts";
import { toBuffer } from "../support/walk.ts";
import { makeWorld } from "../support/world.ts";

describe.each(["sftp", "file"] as const)("names are bytes, to %s", (destination) => {
  test("every hostile name arrives as it is, as a file, a directory, a link and a target", { timeout: 120_000 }, async () => {
    await using world = await makeWorld({ destination });
    hostileNames.forEach((name, index) => {
      const directory = `${world.source}/${name(`d${index}`)}`;
      mkdirSync(toBuffer(directory));
      writeFileSync(toBuffer(`${directory}/${name(`f${index}`)}`), `content of ${index}`);
      writeFileSync(toBuffer(`${world.source}/${name(`t${index}`)}`), `top ${index}`);
      symlinkSync(toBuffer(name(`t${index}`)), toBuffer(`${world.source}/${name(`s${index}`)}`));
      linkSync(toBuffer(`${world.source}/${name(`t${index}`)}`), toBuffer(`${world.source}/${name(`h${index}`)}`));
    });
    expect(await world.hotdir.runUntilIdle(90_000), world.hotdir.log()).toBe(0);
    expect(compareTrees(await readTree(world.source), await readTree(world.destination))).toEqual([]);
    // Whatever a shell would have run stands nowhere.
    for (const place of [world.directory, world.place.home, process.cwd()]) {
      expect(readdirSync(place).filter((name) => name.startsWith("owned"))).toEqual([]);
    }
    const receipts = await world.hotdir.receipts();
    const files = [...(await readTree(world.source))].filter(([, entry]) => entry.kind === "f").map(([path]) => path);
    expect(receipts.filter(({ algorithm }) => algorithm === "sha256").map(({ path }) => path)).toEqual(expect.arrayContaining(files));
  });

  test("a path of nearly 4 KiB arrives, and an empty directory too", { timeout: 120_000 }, async () => {
    await using world = await makeWorld({ destination });
    // The longer of the two roots, the inflight suffix and the terminating NUL have to fit beside it.
    const room = 4096 - Math.max(world.source.length, world.destination.length) - ".tmp".length - 32;
    let path = "";
    while (path.length + 251 < room) path += `${"d".repeat(250)}/`;
    mkdirSync(`${world.source}/${path}`, { recursive: true });
    writeFileSync(`${world.source}/${path}f`, "deep");
    mkdirSync(`${world.source}/empty/inside`, { recursive: true });
    expect(await world.hotdir.runUntilIdle(90_000), world.hotdir.log()).toBe(0);
    expect(compareTrees(await readTree(world.source), await readTree(world.destination))).toEqual([]);
  });
});
