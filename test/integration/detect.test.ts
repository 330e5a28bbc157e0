import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bytesOfText } from "../../src/kernel/path.ts";
import { makeTemporary } from "../support/temporary.ts";
import { hostileNames } from "../support/names.ts";
import { toBuffer } from "../support/walk.ts";
import { lastWriter, relPaths, watched } from "./detect-watched.ts";
import { execFileSync } from "node:child_process";

const inKind = (reports: Array<{ kind: string }>): string[] => reports.map(({ kind }) => kind);

test("what is there at the start is sighted before the scan is told as ended", async () => {
  await using place = await makeTemporary();
  const root = place.path;
  mkdirSync(`${root}/d/e`, { recursive: true });
  writeFileSync(`${root}/d/e/f`, "12");
  symlinkSync("f", `${root}/d/e/l`);
  linkSync(`${root}/d/e/f`, `${root}/hard`);
  execFileSync("mkfifo", [`${root}/fifo`]);
  await using watch = watched(root);
  await watch.scanned(1);
  expect(inKind(watch.reports)).toEqual(["root-found", "scanning", "watching", "scanned"]);
  expect(watch.believed.sorted()).toEqual(["directory d", "directory d/e", "file d/e/f", "file hard", "special fifo", "symlink d/e/l"]);
  expect(watch.reports.at(-1)).toMatchObject({ kind: "scanned", files: 4, directories: 2 });
  expect(watch.of("d/e/f")).toEqual([expect.objectContaining({ kind: "file", links: 2, writer: "none", how: "scan" })]);
  expect(watch.of("d/e/l")).toEqual([expect.objectContaining({ kind: "symlink", target: "f" })]);
  expect(watch.of("fifo")).toEqual([{ kind: "special", path: "fifo" }]);
});

test("a file that is written and closed is sighted without a writer, at once", async () => {
  await using place = await makeTemporary();
  await using watch = watched(place.path);
  await watch.scanned(1);
  const delaysMs: number[] = [];
  for (let at = 0; at < 50; at++) {
    const startMs = performance.now();
    writeFileSync(`${place.path}/f${at}`, "x");
    await watch.until("no writer", () => lastWriter(watch.of(`f${at}`)) === "none");
    delaysMs.push(performance.now() - startMs);
  }
  const median = delaysMs.toSorted((one, other) => one - other)[25] ?? Number.NaN;
  console.log(`close to sighting: median ${median.toFixed(2)} ms`);
  expect(median).toBeLessThan(50);
});

test("renames, deletes, links and touches are told", async () => {
  await using place = await makeTemporary();
  const root = place.path;
  writeFileSync(`${root}/a`, "1");
  await using watch = watched(root);
  await watch.scanned(1);
  renameSync(`${root}/a`, `${root}/b`);
  await watch.until("the move", () => watch.of("b").length > 1);
  expect(watch.of("b")).toEqual([
    { kind: "moved", from: "a", path: "b", directory: false },
    expect.objectContaining({ kind: "file", writer: "none" }),
  ]);
  linkSync(`${root}/b`, `${root}/c`);
  await watch.until("the hard link", () => watch.of("c").length > 0);
  expect(watch.of("c")).toEqual([expect.objectContaining({ kind: "file", links: 2, writer: "none" })]);
  utimesSync(`${root}/b`, 1000, 2000);
  await watch.until("the touch", () => watch.of("b").some((each) => each.kind === "file" && each.version.mtimeNs === 2_000_000_000_000n));
  rmSync(`${root}/b`);
  await watch.until("the delete", () => watch.of("b").at(-1)?.kind === "gone");
  expect(watch.of("b").at(-1)).toEqual({ kind: "gone", path: "b", directory: false });
  mkdirSync(`${root}/d`);
  rmSync(`${root}/d`, { recursive: true });
  await watch.until("the rmdir", () => watch.of("d").at(-1)?.kind === "gone");
  expect(watch.of("d").at(-1)).toEqual({ kind: "gone", path: "d", directory: true });
});

test("a file moved over another is told as moved, and is the other one then", async () => {
  await using place = await makeTemporary();
  const root = place.path;
  writeFileSync(`${root}/new`, "new content");
  writeFileSync(`${root}/old`, "old");
  await using watch = watched(root);
  await watch.scanned(1);
  renameSync(`${root}/new`, `${root}/old`);
  await watch.until("the new version", () => watch.of("old").length > 2);
  expect(watch.of("old").slice(1)).toMatchObject([
    { kind: "moved", from: "new" },
    { kind: "file", version: { sizeBytes: 11 } },
  ]);
});

test("a file that comes into being and goes at once leaves nothing behind", async () => {
  await using place = await makeTemporary();
  await using watch = watched(place.path);
  await watch.scanned(1);
  for (let at = 0; at < 200; at++) {
    writeFileSync(`${place.path}/f`, "x");
    rmSync(`${place.path}/f`);
  }
  writeFileSync(`${place.path}/last`, "x");
  await watch.until("the last", () => lastWriter(watch.of("last")) === "none");
  expect(watch.believed.sorted()).toEqual(["file last"]);
});

test("names are bytes, from the scan and from events", async () => {
  await using place = await makeTemporary();
  const root = place.path;
  const names = hostileNames.map((make) => make("n"));
  for (const name of names) writeFileSync(toBuffer(`${root}/${name}`), "1");
  await using watch = watched(root);
  await watch.scanned(1);
  await watch.right();
  mkdirSync(toBuffer(`${root}/\xff\n`));
  for (const name of names) writeFileSync(toBuffer(`${root}/\xff\n/${name}`), "2");
  await watch.right();
  expect(watch.believed.kinds.size).toBe(names.length * 2 + 1);
});

test("paths longer than PATH_MAX are sighted and watched, though nobody can open them by their whole path", async () => {
  await using place = await makeTemporary();
  const name = "d".repeat(250);
  const make = 'cd "$1"; i=0; while [ $i -lt 24 ]; do mkdir "$2" && cd "$2" || exit 1; i=$((i+1)); done; echo x > f';
  execFileSync("bash", ["-c", make, "bash", place.path, name]);
  const deep = [...Array<string>(24).fill(name), "f"].join("/");
  await using watch = watched(place.path);
  await watch.scanned(1);
  expect(deep.length).toBeGreaterThan(4096);
  expect(lastWriter(watch.of(deep))).toBe("none");
  execFileSync("bash", ["-c", 'cd "$1"; while cd "$2" 2>/dev/null; do :; done; echo y > g', "bash", place.path, name]);
  await watch.until("an event from there", () => lastWriter(watch.of(deep.replace(/f$/, "g"))) === "none");
  watch.detector.look(relPaths(deep, `${deep}-none`));
  await watch.until("looks", () => watch.of(`${deep}-none`).length > 0);
  expect([watch.of(deep).at(-1)?.kind, watch.of(`${deep}-none`).at(-1)?.kind]).toEqual(["file", "gone"]);
  execFileSync("rm", ["-rf", `${place.path}/${name}`]);
});

test("a look answers for each path: what is there, or gone", async () => {
  await using place = await makeTemporary();
  const root = place.path;
  mkdirSync(`${root}/d`);
  writeFileSync(`${root}/d/f`, "1");
  writeFileSync(`${root}/file`, "1");
  await using watch = watched(root);
  await watch.scanned(1);
  const before = watch.sightings.length;
  watch.detector.look(relPaths("d/f", "d", "none", "d/none", "none/none", "file/below"));
  await watch.until("six answers", () => watch.sightings.length >= before + 6);
  expect(watch.sightings.slice(before).map(({ kind, path }) => `${kind} ${path}`)).toEqual([
    "file d/f",
    "directory d",
    "gone none",
    "gone d/none",
    "gone none/none",
    "gone file/below",
  ]);
});

test("a requested scan sights all again; requests while one waits are one", async () => {
  await using place = await makeTemporary();
  writeFileSync(`${place.path}/f`, "1");
  await using watch = watched(place.path);
  await watch.scanned(1);
  for (let at = 0; at < 5; at++) watch.detector.requestScan();
  await watch.scanned(2);
  expect(watch.of("f").length).toBeGreaterThan(1);
  writeFileSync(`${place.path}/g`, "1");
  await watch.until("a later event", () => lastWriter(watch.of("g")) === "none");
  expect(watch.reports.filter(({ kind }) => kind === "scanned").length).toBeLessThanOrEqual(3);
});

test("after it was disposed of nothing is reported, and disposing again does nothing", async () => {
  await using place = await makeTemporary();
  const watch = watched(place.path);
  await watch.scanned(1);
  await watch.detector[Symbol.asyncDispose]();
  await watch.detector[Symbol.asyncDispose]();
  writeFileSync(`${place.path}/${bytesOfText("late")}`, "1");
  watch.detector.requestScan();
  expect(watch.of("late")).toEqual([]);
});
