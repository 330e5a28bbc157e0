import { createHash } from "node:crypto";
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  type FSWatcher,
  lstatSync,
  openSync,
  readSync,
  watch,
  writeSync,
} from "node:fs";
import type { ReaderLine, ReaderOrder } from "../support/reader-lines.ts";
import { isGone, list, toBuffer, toPath } from "../support/walk.ts";

/**
 * Plays the impatient consumer: opens each final name below a directory as soon as it sees it, and
 * hashes what it reads through that one descriptor. Sees names by a watch of each directory, and by
 * a sweep of all that needs no watch. Sends `{ready}` after the first sweep; `{sweep}` asks for one
 * more and is answered with `{swept}`.
 */
const order = JSON.parse(process.argv[2] ?? "{}") as ReaderOrder;
const inflight = new RegExp(order.inflight, "s");
const log = openSync(order.log, "a");
const SWEEP_EVERY_MS = 100;
/** What was read last under each path: device, inode, size and mtime. */
const read = new Map<string, string>();
const watched = new Map<string, FSWatcher>();
const block = Buffer.allocUnsafe(1024 * 1024);

process.on("disconnect", () => process.exit(0));
process.on("message", () => {
  sweep("");
  process.send?.({ message: "swept" });
});
sweep("");
process.send?.({ message: "ready" });
setInterval(() => sweep(""), SWEEP_EVERY_MS);

function sweep(directory: string): void {
  watchDirectory(directory);
  for (const entry of list(full(directory))) {
    const path = below(directory, toPath(entry.name));
    if (entry.isDirectory()) sweep(path);
    else if (entry.isFile()) look(path);
  }
}

function watchDirectory(directory: string): void {
  if (watched.has(directory)) return;
  try {
    const watcher = watch(toBuffer(full(directory)), "buffer", (_kind, name) => {
      if (name !== null) look(below(directory, toPath(name)));
    });
    watched.set(directory, watcher);
    watcher.on("error", () => forget(directory));
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function forget(directory: string): void {
  watched.get(directory)?.close();
  watched.delete(directory);
}

function look(path: string): void {
  if (inflight.test(path)) return;
  const facts = factsOf(path);
  if (facts === null) return;
  if (facts.isDirectory()) return sweep(path);
  if (!facts.isFile() || read.get(path) === identity(facts)) return;
  readWhole(path);
}

/** null: it has gone, by itself or with a directory above it that is something else now. */
function factsOf(path: string): BigIntStats | null {
  try {
    return lstatSync(toBuffer(full(path)), { bigint: true });
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

function readWhole(path: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(toBuffer(full(path)), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isGone(error)) return;
    throw error;
  }
  try {
    // Facts from before the read: if the file changes under us it is read again at the next look.
    const facts = fstatSync(descriptor, { bigint: true });
    if (!facts.isFile()) return;
    const hash = createHash("sha256");
    let sizeBytes = 0;
    for (let count = readSync(descriptor, block); count > 0; count = readSync(descriptor, block)) {
      hash.update(block.subarray(0, count));
      sizeBytes += count;
    }
    read.set(path, identity(facts));
    const line: ReaderLine = { path, sha256: hash.digest("hex"), sizeBytes, inode: `${facts.dev}:${facts.ino}` };
    writeSync(log, `${JSON.stringify(line)}\n`);
  } finally {
    closeSync(descriptor);
  }
}

/** No ctime: a link or a change of mode is no new content. */
function identity(facts: BigIntStats): string {
  return `${facts.dev}:${facts.ino}:${facts.size}:${facts.mtimeNs}`;
}

function below(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

function full(path: string): string {
  return path === "" ? order.directory : `${order.directory}/${path}`;
}
