import { mkdirSync, renameSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { changeWays, type GeneratorOrder, newWays, type Way } from "../support/manifest.ts";
import { chooseName } from "../support/names.ts";
import { Random } from "../support/random.ts";
import { toBuffer } from "../support/walk.ts";
import { openManifest } from "./manifest-writer.ts";
import { appendTo, type Written, writeFile } from "./version-writer.ts";

/**
 * Fills a directory with files in the ways in which programs do, and writes down what it did. Takes
 * its order as JSON in its argument; sends `{done}` when it is through; ends early, with whole
 * files, at SIGTERM.
 */
const order = JSON.parse(process.argv[2] ?? "{}") as GeneratorOrder;
const random = new Random(order.seed);
const manifest = openManifest(order.manifest);
const outside = `${order.directory}.outside`;
/** Files that are complete and that nothing is being done to, with their sizes. */
const settled = new Map<string, number>();
const slow = new Set<Promise<void>>();
const SLOW_MAX = 4;
const run = { stopping: false };
let serial = 0;

process.on("SIGTERM", () => (run.stopping = true));
process.on("disconnect", () => process.exit(0));
mkdirSync(toBuffer(order.directory), { recursive: true });
mkdirSync(toBuffer(outside), { recursive: true });

const startMs = performance.now();
for (let done = 0; !run.stopping && (order.operations === null || done < order.operations); done += 1) {
  operate(chooseWay());
  if (order.operationsPerS !== null) await sleep(Math.max(0, startMs + ((done + 1) * 1000) / order.operationsPerS - performance.now()));
  else if (done % 16 === 0) await sleep(0);
  if (slow.size >= SLOW_MAX) await Promise.race(slow);
}
await Promise.all(slow);
rmSync(toBuffer(outside), { recursive: true, force: true });
manifest.close();
process.send?.({ message: "done" });
process.disconnect?.();

function chooseWay(): Way {
  const ways = settled.size > 3 ? order.ways : order.ways.filter((way) => (newWays as readonly Way[]).includes(way));
  // The files must grow in number, whatever the mix.
  const fresh = ways.filter((way) => !(changeWays as readonly Way[]).includes(way));
  return fresh.length > 0 && random.chance(0.5) ? random.pick(fresh) : random.pick(ways);
}

function operate(way: Way): void {
  switch (way) {
    case "write":
      return finish(way, newPath(), (path) => writeFile(full(path), content()));
    case "append":
      return track(appendSlowly(newPath()));
    case "tmp-rename":
      return finish(way, newPath(), writeAside);
    case "deep":
      return finish(way, newPath(random.between(2, 6)), (path) => {
        mkdirSync(toBuffer(full(path.slice(0, path.lastIndexOf("/")))), { recursive: true });
        return writeFile(full(path), content());
      });
    case "move-tree":
      return moveTree();
    case "replace":
      return finish(way, takeSettled(), writeAside);
    case "rewrite":
      return finish(way, takeSettled(), (path, oldSizeBytes) => writeFile(full(path), content(oldSizeBytes)));
    case "rename":
      return renameSettled();
    case "delete":
      return deleteSettled();
  }
}

function finish(way: Way, target: { path: string; sizeBytes: number }, write: (path: string, oldSizeBytes: number) => Written): void {
  const written = write(target.path, target.sizeBytes);
  record(way, target.path, written);
}

function record(way: Way, path: string, written: Written): void {
  manifest.write({ event: "version", path, ...written, way });
  settled.set(path, written.sizeBytes);
}

function writeAside(path: string): Written {
  const aside = full(`${order.prefix}aside-${(serial += 1)}.tmp`);
  const written = writeFile(aside, content());
  renameSync(toBuffer(aside), toBuffer(full(path)));
  return written;
}

async function appendSlowly(target: { path: string }): Promise<void> {
  const written = await appendTo(full(target.path), content(), { pieces: random.between(2, 6), pauseMs: random.between(5, 60) });
  record("append", target.path, written);
}

function track(work: Promise<void>): void {
  const tracked = work.finally(() => slow.delete(tracked));
  slow.add(tracked);
}

/** A tree that is made elsewhere on the file system and appears whole. */
function moveTree(): void {
  const root = `${order.prefix}tree-${(serial += 1)}`;
  const made: Array<{ path: string; written: Written }> = [];
  for (let index = random.between(1, 5); index > 0; index -= 1) {
    const path = `${root}/${"d/".repeat(random.between(0, 3))}${chooseName(random, `f${index}`, order.hostile)}`;
    mkdirSync(toBuffer(`${outside}/${path.slice(0, path.lastIndexOf("/"))}`), { recursive: true });
    made.push({ path, written: writeFile(`${outside}/${path}`, content()) });
  }
  renameSync(toBuffer(`${outside}/${root}`), toBuffer(full(root)));
  for (const { path, written } of made) record("move-tree", path, written);
}

function renameSettled(): void {
  const { path: from, sizeBytes } = takeSettled();
  const { path } = newPath();
  renameSync(toBuffer(full(from)), toBuffer(full(path)));
  manifest.write({ event: "renamed", from, path });
  settled.set(path, sizeBytes);
}

function deleteSettled(): void {
  const { path } = takeSettled();
  rmSync(toBuffer(full(path)));
  manifest.write({ event: "deleted", path });
}

/** Takes a file out of the settled ones: whoever changes it puts it back. */
function takeSettled(): { path: string; sizeBytes: number } {
  const [path, sizeBytes] = random.pick([...settled]);
  settled.delete(path);
  return { path, sizeBytes };
}

function newPath(depth = 0): { path: string; sizeBytes: number } {
  const tag = `${order.prefix}${(serial += 1)}`;
  let path = "";
  for (let level = 0; level < depth; level += 1) path += `${chooseName(random, `d${tag}-${level}`, order.hostile / 4)}/`;
  return { path: path + chooseName(random, tag, order.hostile), sizeBytes: -1 };
}

/** Never of the old size: two versions that differ in nothing but a coarse time are not the generator's subject. */
function content(oldSizeBytes = -1): { seed: number; sizeBytes: number } {
  const [low, high] = order.sizesBytes;
  // Mostly small, some large: sizes spread evenly over the orders of magnitude.
  const sizeBytes = Math.round(Math.exp(Math.log(low + 1) + random.next() * (Math.log(high + 1) - Math.log(low + 1)))) - 1;
  return { seed: random.between(1, 2 ** 30), sizeBytes: sizeBytes === oldSizeBytes ? sizeBytes + 1 : sizeBytes };
}

function full(path: string): string {
  return `${order.directory}/${path}`;
}
