import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { endProgram, nextMessage, startProgram } from "../support/child.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { type Watched, watched } from "./detect-watched.ts";

function makeRoot(place: Temporary): { root: string; outside: string } {
  const [root, outside] = [`${place.path}/root`, `${place.path}/outside`];
  mkdirSync(root);
  mkdirSync(outside);
  return { root, outside };
}

const isDone = (message: unknown): message is { done: true } => typeof message === "object" && message !== null && "done" in message;

test("nothing is missed in directories that are made and filled at once", async () => {
  await using place = await makeTemporary();
  const { root } = makeRoot(place);
  await using watch = watched(root);
  await watch.scanned(1);
  const script = 'cd "$1"; for i in $(seq 200); do mkdir -p a$i/b/c; echo x > a$i/b/c/f; echo y > a$i/b/g; done';
  execFileSync("sh", ["-c", script, "sh", root]);
  await watch.right();
  expect(watch.believed.kinds.size).toBe(200 * 5);
  expect(watch.reports.filter(({ kind }) => kind === "scanned")).toHaveLength(1);
});

test("a tree moved in is watched and sighted", async () => {
  await using place = await makeTemporary();
  const { root, outside } = makeRoot(place);
  mkdirSync(`${outside}/t/u`, { recursive: true });
  writeFileSync(`${outside}/t/u/f`, "1");
  await using watch = watched(root);
  await watch.scanned(1);
  renameSync(`${outside}/t`, `${root}/t`);
  await watch.until("the tree", () => watch.believed.kinds.has("t/u/f"));
  writeFileSync(`${root}/t/u/g`, "2");
  await watch.until("a new file in it", () => watch.believed.kinds.has("t/u/g"));
  expect([...watch.believed.kinds.keys()]).toEqual(["t", "t/u", "t/u/f", "t/u/g"]);
});

test("a tree moved out is gone, and no longer watched", async () => {
  await using place = await makeTemporary();
  const { root, outside } = makeRoot(place);
  mkdirSync(`${root}/t/u`, { recursive: true });
  await using watch = watched(root);
  await watch.scanned(1);
  renameSync(`${root}/t`, `${outside}/t`);
  await watch.until("gone", () => watch.of("t").some(({ kind }) => kind === "gone"));
  writeFileSync(`${outside}/t/u/f`, "1");
  writeFileSync(`${root}/after`, "1");
  await watch.until("the sentinel", () => watch.believed.kinds.has("after"));
  expect(watch.of("t/u/f")).toEqual([]);
  await watch.until("one watch", () =>
    watch.reports.some((report) => report.kind === "watching" && report.watching.kind === "events" && report.watching.directories === 1),
  );
});

test("a directory moved within is told as moved, then its content under the new names, also later", async () => {
  await using place = await makeTemporary();
  const { root } = makeRoot(place);
  mkdirSync(`${root}/a/b/c`, { recursive: true });
  mkdirSync(`${root}/z`);
  writeFileSync(`${root}/a/b/c/f`, "1");
  await using watch = watched(root);
  await watch.scanned(1);
  renameSync(`${root}/a/b`, `${root}/z/b`);
  await watch.until("the new name", () => watch.of("z/b/c/f").length > 0);
  expect(watch.of("z/b")[0]).toEqual({ kind: "moved", from: "a/b", path: "z/b", directory: true });
  writeFileSync(`${root}/z/b/c/g`, "1");
  await watch.until("a file in a moved descendant", () => watch.believed.kinds.has("z/b/c/g"));
});

test("two directories that change places are told right", async () => {
  await using place = await makeTemporary();
  const { root } = makeRoot(place);
  for (const name of ["a", "b"]) {
    mkdirSync(`${root}/${name}`);
    writeFileSync(`${root}/${name}/${name}.dat`, "1");
  }
  await using watch = watched(root);
  await watch.scanned(1);
  const exchange = "import ctypes,sys; sys.exit(ctypes.CDLL(None).renameat2(-100, sys.argv[1].encode(), -100, sys.argv[2].encode(), 2))";
  execFileSync("python3", ["-c", exchange, `${root}/a`, `${root}/b`]);
  await watch.right();
  writeFileSync(`${root}/a/later`, "1");
  writeFileSync(`${root}/b/later`, "1");
  await watch.right();
  expect(watch.believed.kinds.get("a/b.dat")).toBe("file");
});

test("symlinks are told, and not followed, also where one takes a directory's place", async () => {
  await using place = await makeTemporary();
  const { root, outside } = makeRoot(place);
  mkdirSync(`${outside}/secret`);
  writeFileSync(`${outside}/secret/f`, "1");
  mkdirSync(`${root}/d/secret`, { recursive: true });
  symlinkSync(outside, `${root}/link`);
  await using watch = watched(root);
  await watch.scanned(1);
  rmSync(`${root}/d`, { recursive: true });
  symlinkSync(outside, `${root}/d`);
  await watch.until("the symlink", () => watch.believed.kinds.get("d") === "symlink");
  watch.detector.requestScan();
  watch.detector.look(["d/secret/f", "link/secret/f"] as never);
  await watch.until("the look", () => watch.of("link/secret/f").length > 0);
  await watch.scanned(2);
  expect(watch.of("link/secret/f").map(({ kind }) => kind)).toEqual(["gone"]);
  expect(watch.of("d/secret/f").map(({ kind }) => kind)).toEqual(["gone"]);
  expect(watch.of("link")[0]).toMatchObject({ kind: "symlink", target: outside });
});

test.each([1, 2, 3, 4, 5])(
  "after a storm of makes, moves and deletes the sightings say what find says (seed %i)",
  { timeout: 120_000 },
  async (seed) => {
    await using place = await makeTemporary();
    const { root, outside } = makeRoot(place);
    await using watch = watched(root);
    await watch.scanned(1);
    await storm({ root, outside, seed, operations: 6000 });
    await watch.right();
    expect(await probe(root, watch)).toBeGreaterThan(10);
  },
);

test("a storm while the kernel's queue overflows is set right by the scan, and events are right again", { timeout: 120_000 }, async () => {
  await using place = await makeTemporary();
  const { root, outside } = makeRoot(place);
  await storm({ root, outside, seed: 76, operations: 4000 });
  await using watch = watched(root);
  await watch.scanned(1);
  watch.detector.stall(4000);
  for (let at = 0; at < 17_000; at++) writeFileSync(`${root}/many${at % 2}`, "x");
  await storm({ root, outside, seed: 77, operations: 4000 });
  await watch.until("the overflow", () => watch.logged.some((line) => line.startsWith("more changes at once")));
  await watch.right();
  expect(await probe(root, watch)).toBeGreaterThan(10);
});

/** The tree of watches is right as well if each directory tells of a new file in it, under its own name. How many did. */
async function probe(root: string, watch: Watched): Promise<number> {
  for (const [path, kind] of watch.believed.kinds) if (kind === "directory") writeFileSync(`${root}/${path}/probe`, "1");
  await watch.right();
  return [...watch.believed.kinds.keys()].filter((path) => path.endsWith("/probe")).length;
}

async function storm(order: { root: string; outside: string; seed: number; operations: number }): Promise<void> {
  const program = startProgram("detect-storm.ts", [order.root, order.outside, String(order.seed), String(order.operations)]);
  try {
    await nextMessage(program, isDone, 60_000);
  } finally {
    await endProgram(program);
  }
}
