import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { expect, test } from "vitest";
import { chooseSeed, Random } from "../support/random.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World, type WorldOptions } from "../support/world.ts";
import { configure, isThere, namesIn, rawReceipts, writeFiles } from "./engine-world.ts";

/** A flow that follows links, and files outside of its source that links may lead to. */
async function makeFollowing(options: WorldOptions = {}): Promise<World & { outside: string }> {
  const world = await makeWorld({ ...options, flow: { ...options.flow, source: { symlinks: "follow", ...options.flow?.source } } });
  const outside = `${world.directory}/out side`;
  mkdirSync(outside);
  return Object.assign(world, { outside });
}

async function deadReasons(world: World): Promise<string[]> {
  const letters = JSON.parse((await world.hotdir.ask("dead", "--json")).stdout) as Array<{ path: string; reason: string }>;
  return letters.map(({ path, reason }) => `${path}: ${reason}`);
}

test.concurrent("a link to a file arrives as that file, however it is sent; to a directory as a link; to nothing it is listed until it leads to a file", async () => {
  await using world = await makeFollowing({ flow: { destination: { segment_above: "2M" } } });
  const { source, outside, destination } = world;
  const random = new Random(chooseSeed("followed"));
  const old = new Date("2001-02-03T04:05:06Z");
  writeFiles(outside, {
    "small 'one": "small",
    medium: random.fill(1_300_000),
    large: random.fill(5_000_000),
    "tree/inside": "never seen",
  });
  for (const name of ["small 'one", "medium", "large"]) {
    chmodSync(`${outside}/${name}`, 0o640);
    utimesSync(`${outside}/${name}`, old, old);
    symlinkSync(`${outside}/${name}`, `${source}/${name}`);
  }
  writeFiles(source, { "d/plain": "plain" });
  symlinkSync("plain", `${source}/d/relative`);
  symlinkSync("d/relative", `${source}/twice`);
  symlinkSync(`${outside}/tree`, `${source}/directory`);
  symlinkSync(`${outside}/later`, `${source}/dangling`);
  symlinkSync("circle", `${source}/circle`);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(3);

  for (const name of ["small 'one", "medium", "large", "d/relative", "twice"]) {
    const facts = lstatSync(`${destination}/${name}`);
    const meant = statSync(`${source}/${name}`);
    expect(facts.isFile(), name).toBe(true);
    expect([facts.mode, Math.floor(facts.mtimeMs / 1000)], name).toEqual([meant.mode, Math.floor(meant.mtimeMs / 1000)]);
    expect(readFileSync(`${destination}/${name}`).equals(readFileSync(`${source}/${name}`)), name).toBe(true);
  }
  expect(readlinkSync(`${destination}/directory`)).toBe(`${outside}/tree`);
  expect((await deadReasons(world)).toSorted()).toEqual([
    "circle: a symbolic link to circle, which leads back to itself",
    `dangling: a symbolic link to ${outside}/later, where nothing is`,
  ]);
  const explained = await world.hotdir.ask("explain", `${source}/dangling`);
  expect(explained.stdout).toMatch(/is sent by itself once it can be read: scans look at it, within 2 s/);

  writeFiles(outside, { later: "there now" });
  unlinkSync(`${source}/circle`);
  symlinkSync("d/plain", `${source}/circle`);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(readFileSync(`${destination}/dangling`, "utf8")).toBe("there now");
  expect((await rawReceipts(world)).filter(({ kind, basis }) => kind === "put" && basis === "digest")).toHaveLength(8);
});

test.concurrent("a running flow finds by a scan that a file which is linked to changed, was replaced, or that the link leads elsewhere", async () => {
  await using world = await makeFollowing({ destination: "file", flow: { source: { rescan: "1s" } } });
  const { source, outside, destination, hotdir } = world;
  const arrived = async (content: string): Promise<void> =>
    void (await waitUntil(content, () => isThere(`${destination}/link`) && readFileSync(`${destination}/link`, "utf8") === content, {
      explain: () => hotdir.log(),
    }));
  writeFiles(outside, { first: "one", second: "another file" });
  symlinkSync(`${outside}/first`, `${source}/link`);
  hotdir.start();
  await arrived("one");
  writeFileSync(`${outside}/first`, "changed in its place");
  await arrived("changed in its place");
  writeFileSync(`${outside}/new`, "replaced by a rename");
  renameSync(`${outside}/new`, `${outside}/first`);
  await arrived("replaced by a rename");
  symlinkSync(`${outside}/second`, `${source}/new.tmp`);
  renameSync(`${source}/new.tmp`, `${source}/link`);
  await arrived("another file");
  // What was delivered stays delivered when there is nothing to send any more.
  unlinkSync(`${outside}/second`);
  symlinkSync("never there", `${source}/dangling`);
  await waitUntil("the next scan", async () => (await deadReasons(world)).length > 0);
  expect(await deadReasons(world)).toEqual(["dangling: a symbolic link to never there, where nothing is"]);
  expect(readFileSync(`${destination}/link`, "utf8")).toBe("another file");
});

test.concurrent("what retention removes is the link; the file that it leads to stays, and so does the link once that file is another", async () => {
  await using world = await makeFollowing({ flow: { retain: { delete_after: "3s" } } });
  const { source, outside, destination, hotdir } = world;
  writeFiles(outside, { kept: "kept", changes: "as it was" });
  symlinkSync(`${outside}/kept`, `${source}/link`);
  symlinkSync(`${outside}/changes`, `${source}/changing`);
  writeFiles(source, { plain: "plain", "d/target": "target" });
  symlinkSync("target", `${source}/d/relative`);
  hotdir.start();
  await waitUntil("both", () => isThere(`${destination}/link`) && isThere(`${destination}/changing`), { explain: () => hotdir.log() });
  // A version that was never delivered: the link to it may not go on the receipt of the one before.
  const writer = `${outside}/changes`;
  writeFileSync(writer, "as it is now");
  await waitUntil("removals", () => !isThere(`${source}/link`) && !isThere(`${source}/plain`) && !isThere(`${source}/d/target`), {
    explain: () => hotdir.log(),
  });
  expect(readFileSync(`${outside}/kept`, "utf8")).toBe("kept");
  await waitUntil("the newer version", () => readFileSync(`${destination}/changing`, "utf8") === "as it is now", {
    explain: () => hotdir.log(),
  });
  expect(readFileSync(`${outside}/changes`, "utf8")).toBe("as it is now");
  expect(readFileSync(`${destination}/d/relative`, "utf8")).toBe("target");
  expect((await hotdir.dead()).length).toBe(0);
});

test.concurrent("a link that is posted arrives as its file, and links stay links where nothing else is asked for", async () => {
  await using world = await makeWorld({ destination: "file" });
  const data = `${world.directory}/data`;
  mkdirSync(data);
  configure(world, (flow) => ({
    follow: {
      ...flow,
      source: { posts: { base: data }, symlinks: "follow" },
      destination: { ...flow.destination, url: `file:${world.destination}/f` },
    },
    transfer: { ...flow, source: { posts: { base: data } }, destination: { ...flow.destination, url: `file:${world.destination}/t` } },
  }));
  writeFiles(data, { target: "posted" });
  symlinkSync("target", `${data}/link`);
  for (const flow of ["follow", "transfer"])
    expect(await world.hotdir.ask("post", "-f", flow, data)).toMatchObject({
      status: 0,
      stdout: "2 changes queued; sent when hotdir runs\n",
    });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(readFileSync(`${world.destination}/f/link`, "utf8")).toBe("posted");
  expect(lstatSync(`${world.destination}/f/link`).isFile()).toBe(true);
  expect(readlinkSync(`${world.destination}/t/link`)).toBe("target");
  expect(namesIn(`${world.destination}/t`)).toEqual(["link", "target"]);
});
