import { execFile, execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { writerOf } from "../../src/kernel/native.ts";
import { bytesOfText } from "../../src/kernel/path.ts";
import { endProgram, nextMessage, startProgram } from "../support/child.ts";
import { makeTemporary } from "../support/temporary.ts";
import { lastWriter, relPaths, watched } from "./detect-watched.ts";

const run = promisify(execFile);
const did =
  (what: string) =>
  (message: unknown): message is { did: string } =>
    typeof message === "object" && message !== null && "did" in message && message.did === what;
const isLongest = (message: unknown): message is { longestMs: number } =>
  typeof message === "object" && message !== null && "longestMs" in message;

test("a file is told as being written until its writer closes it, however often it is looked at", async () => {
  await using place = await makeTemporary();
  await using watch = watched(place.path);
  await watch.scanned(1);
  const holder = startProgram("detect-hold.ts", [`${place.path}/slow`]);
  try {
    await nextMessage(holder, did("open"), 10_000);
    for (let at = 0; at < 20; at++) {
      holder.send("write");
      await nextMessage(holder, did("write"), 10_000);
      const before = watch.of("slow").length;
      watch.detector.look(relPaths("slow"));
      await watch.until("the look", () => watch.of("slow").length > before);
    }
    watch.detector.requestScan();
    await watch.scanned(2);
    expect(new Set(watch.of("slow").map((each) => (each.kind === "file" ? each.writer : each.kind)))).toEqual(new Set(["open"]));
    holder.send("close");
    await watch.until("closed", () => lastWriter(watch.of("slow")) === "none");
    expect(watch.of("slow").at(-1)).toMatchObject({ version: { sizeBytes: 20 }, how: "event" });
  } finally {
    await endProgram(holder);
  }
});

test("a file that a scan finds while somebody writes it is told as open, and as closed later", async () => {
  await using place = await makeTemporary();
  const holder = startProgram("detect-hold.ts", [`${place.path}/slow`]);
  try {
    await nextMessage(holder, did("open"), 10_000);
    await using watch = watched(place.path);
    await watch.scanned(1);
    expect(watch.of("slow")).toMatchObject([{ writer: "open", how: "scan" }]);
    holder.send("close");
    await watch.until("closed", () => lastWriter(watch.of("slow")) === "none");
  } finally {
    await endProgram(holder);
  }
});

test("of two writers the last one counts", async () => {
  await using place = await makeTemporary();
  await using watch = watched(place.path);
  await watch.scanned(1);
  const holder = startProgram("detect-hold.ts", [`${place.path}/f`]);
  try {
    await nextMessage(holder, did("open"), 10_000);
    writeFileSync(`${place.path}/f`, "other", { flag: "a" });
    writeFileSync(`${place.path}/sentinel`, "1");
    await watch.until("the sentinel", () => lastWriter(watch.of("sentinel")) === "none");
    await watch.until("the file", () => lastWriter(watch.of("f")) !== undefined);
    expect(lastWriter(watch.of("f"))).toBe("open");
    holder.send("close");
    await watch.until("closed", () => lastWriter(watch.of("f")) === "none");
  } finally {
    await endProgram(holder);
  }
});

test("leases neither kill us nor hold up writers", { timeout: 120_000 }, async () => {
  await using place = await makeTemporary();
  for (let at = 0; at < 8; at++) writeFileSync(`${place.path}/file${at}`, "x");
  await using watch = watched(place.path);
  await watch.scanned(1);
  const loops = [0, 1].map(() => startProgram("detect-open-loop.ts", [place.path, "8", "20000"]));
  try {
    const longest = await Promise.all(loops.map((loop) => nextMessage(loop, isLongest, 60_000)));
    await watch.right();
    for (let at = 0; at < 8; at++) await watch.until("closed", () => lastWriter(watch.of(`file${at}`)) === "none");
    console.log(`longest open for writing beside leases: ${Math.max(...longest.map(({ longestMs }) => longestMs)).toFixed(1)} ms`);
    // A lease that stays would hold an opener for the kernel's lease-break time, 45 s.
    expect(Math.max(...longest.map(({ longestMs }) => longestMs))).toBeLessThan(2000);
    expect(watch.sightings.length).toBeGreaterThan(100);
  } finally {
    for (const loop of loops) await endProgram(loop);
  }
});

test("however fast files are closed, each is told without a writer in the end", { timeout: 120_000 }, async () => {
  await using place = await makeTemporary({ on: "disk" });
  await using watch = watched(place.path);
  await watch.scanned(1);
  const write = "import sys\nfor i in range(3000):\n with open(f'{sys.argv[1]}/{sys.argv[2]}{i}', 'w') as f: f.write('x' * 5000)";
  await Promise.all(["a", "b"].map((name) => run("python3", ["-c", write, place.path, name])));
  const writers = (): Map<string, string> =>
    new Map(watch.sightings.flatMap((each) => (each.kind === "file" ? [[each.path, each.writer]] : [])));
  await watch.until(
    "6000 without",
    () => watch.sightings.at(-1)?.kind === "file" && [...writers().values()].filter((writer) => writer === "none").length === 6000,
    60_000,
  );
  expect(watch.reports.filter(({ kind }) => kind === "scanned")).toHaveLength(1);
});

test("children of the program die of SIGIO again, as they should", () => {
  expect(writerOf(bytesOfText(process.execPath))).not.toBe("open");
  expect(spawnSync("sh", ["-c", "kill -IO $$; echo survived"]).signal).toBe("SIGIO");
});

test("an empty file whose maker may not have it open yet is unknown first, and known a second later", async () => {
  await using place = await makeTemporary();
  await using watch = watched(place.path);
  await watch.scanned(1);
  execFileSync("python3", ["-c", "import os,sys; os.mknod(sys.argv[1])", `${place.path}/made`]);
  await watch.until("unknown", () => lastWriter(watch.of("made")) === "unknown");
  await watch.until("known", () => lastWriter(watch.of("made")) === "none");
  expect(watch.of("made")).toHaveLength(2);
});

test("without leases every writer is unknown", async () => {
  await using place = await makeTemporary();
  writeFileSync(`${place.path}/a`, "1");
  await using watch = watched(place.path, { leases: false });
  await watch.scanned(1);
  writeFileSync(`${place.path}/b`, "1");
  await watch.until("both", () => watch.of("a").length > 0 && watch.of("b").length > 0);
  expect(new Set(watch.sightings.map((each) => each.kind === "file" && each.writer))).toEqual(new Set(["unknown"]));
});

test("looking changes no access time", async () => {
  await using place = await makeTemporary({ on: "disk" });
  mkdirSync(`${place.path}/d`);
  writeFileSync(`${place.path}/d/f`, "1");
  execFileSync("touch", ["-a", "-d", "2001-01-01", `${place.path}/d/f`]);
  await using watch = watched(place.path);
  await watch.scanned(1);
  expect(statSync(`${place.path}/d/f`).atime.getFullYear()).toBe(2001);
});
