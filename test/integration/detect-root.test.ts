import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { isRoot, mountTmpfs } from "../support/mount.ts";
import { makeTemporary } from "../support/temporary.ts";
import { lastWriter, relPaths, type Watched, watched } from "./detect-watched.ts";

const told = (watch: Watched, kind: string): number => watch.reports.filter((report) => report.kind === kind).length;
const gone = (watch: Watched): string[] => watch.sightings.filter(({ kind }) => kind === "gone").map(({ path }) => path);

function lostReason(watch: Watched): string | undefined {
  const lost = watch.reports.findLast((report) => report.kind === "root-lost");
  return lost?.kind === "root-lost" ? lost.reason : undefined;
}

test("a root that is moved away is lost, and found when it is back; nothing is told as gone", async () => {
  await using place = await makeTemporary();
  const root = `${place.path}/root`;
  mkdirSync(`${root}/d`, { recursive: true });
  writeFileSync(`${root}/d/f`, "1");
  await using watch = watched(root);
  await watch.scanned(1);
  renameSync(root, `${place.path}/elsewhere`);
  await watch.until("lost", () => told(watch, "root-lost") === 1);
  expect(lostReason(watch)).toBe("it does not exist");
  rmSync(`${place.path}/elsewhere/d/f`);
  watch.detector.look(relPaths("d/f"));
  renameSync(`${place.path}/elsewhere`, root);
  await watch.until("found", () => told(watch, "root-found") === 2);
  await watch.scanned(2);
  // The receiver asks for what the new scan did not see, and only then is it gone.
  await watch.until("the deleted file", () => gone(watch).length > 0);
  expect(gone(watch)).toEqual(["d/f"]);
  expect(watch.reports.findIndex(({ kind }) => kind === "root-lost")).toBeGreaterThan(0);
  writeFileSync(`${root}/d/g`, "1");
  await watch.until("events again", () => lastWriter(watch.of("d/g")) === "none");
});

test("a parent of the root that is moved away is noticed without an event", async () => {
  await using place = await makeTemporary();
  mkdirSync(`${place.path}/up/root`, { recursive: true });
  await using watch = watched(`${place.path}/up/root`);
  await watch.scanned(1);
  renameSync(`${place.path}/up`, `${place.path}/other`);
  await watch.until("lost", () => told(watch, "root-lost") === 1);
  expect(lostReason(watch)).toBe("it does not exist");
});

test("a root that is replaced by another directory stays lost", async () => {
  await using place = await makeTemporary();
  const root = `${place.path}/root`;
  mkdirSync(root);
  writeFileSync(`${root}/f`, "1");
  await using watch = watched(root);
  await watch.scanned(1);
  mkdirSync(`${place.path}/new`);
  renameSync(root, `${place.path}/old`);
  renameSync(`${place.path}/new`, root);
  await watch.until("lost", () => lostReason(watch)?.includes("another directory") === true);
  expect([gone(watch), told(watch, "root-found")]).toEqual([[], 1]);
});

test("a root of another identity than the ledger's is never scanned", async () => {
  await using place = await makeTemporary();
  writeFileSync(`${place.path}/f`, "1");
  await using watch = watched(place.path, { expectedIdentity: "1:2" });
  await watch.until("lost", () => told(watch, "root-lost") === 1);
  expect([watch.sightings, lostReason(watch)]).toEqual([[], expect.stringContaining("expected 1:2")]);
});

test("a root that is a file, or not there, is lost until it is a directory", async () => {
  await using place = await makeTemporary();
  const root = `${place.path}/root`;
  writeFileSync(root, "1");
  await using watch = watched(root);
  await watch.until("lost", () => lostReason(watch) === "it is not a directory");
  rmSync(root);
  await watch.until("not there", () => lostReason(watch) === "it does not exist");
  mkdirSync(root);
  await watch.scanned(1);
  expect(told(watch, "root-lost")).toBe(2);
});

test("removing the root with all in it tells no file as gone after the root went", async () => {
  await using place = await makeTemporary();
  const root = `${place.path}/root`;
  mkdirSync(root);
  for (let at = 0; at < 50; at++) writeFileSync(`${root}/f${at}`, "1");
  await using watch = watched(root);
  await watch.scanned(1);
  watch.detector.stall(500);
  rmSync(root, { recursive: true });
  await watch.until("lost", () => told(watch, "root-lost") === 1);
  expect(gone(watch)).toEqual([]);
});

test("a root that is reached through a symlink is watched", async () => {
  await using place = await makeTemporary();
  mkdirSync(`${place.path}/real`);
  symlinkSync("real", `${place.path}/root`);
  await using watch = watched(`${place.path}/root`);
  await watch.scanned(1);
  writeFileSync(`${place.path}/real/f`, "1");
  await watch.until("the file", () => lastWriter(watch.of("f")) === "none");
  expect(watch.believed.sorted()).toEqual(["file f"]);
});

// Mounting needs root; CI has it. Another directory in the place of the root is the same fault for everybody else.
if (isRoot) {
  test("a file system that is mounted over the root, or taken away from it, is told as lost, and nothing as gone", async () => {
    await using place = await makeTemporary();
    const root = `${place.path}/root`;
    mkdirSync(root);
    writeFileSync(`${root}/below`, "1");
    await using watch = watched(root);
    await watch.scanned(1);
    await using mount = mountTmpfs(root, "1m");
    await watch.until("lost", () => told(watch, "root-lost") === 1);
    writeFileSync(`${root}/above`, "1");
    mount.unmount();
    await watch.until("found", () => told(watch, "root-found") === 2);
    await watch.scanned(2);
    expect([gone(watch), watch.believed.sorted()]).toEqual([[], ["file below"]]);
  });

  test("an idle watch does not keep the root from being unmounted, and its end is told as lost", async () => {
    await using place = await makeTemporary();
    const root = `${place.path}/root`;
    mkdirSync(root);
    await using mount = mountTmpfs(root, "1m");
    writeFileSync(`${root}/f`, "1");
    await using watch = watched(root);
    await watch.scanned(1);
    // Not lazily: this fails while anybody holds a descriptor in it.
    execFileSync("umount", [root]);
    await watch.until("lost", () => told(watch, "root-lost") === 1);
    expect(gone(watch)).toEqual([]);
    execFileSync("mount", ["-t", "tmpfs", "hotdir-test", root]);
    mount.unmount();
  });

  test("a file system that is mounted below the root is part of it", async () => {
    await using place = await makeTemporary();
    mkdirSync(`${place.path}/m`);
    await using mount = mountTmpfs(`${place.path}/m`, "1m");
    mkdirSync(`${place.path}/m/d`);
    await using watch = watched(place.path);
    await watch.scanned(1);
    writeFileSync(`${place.path}/m/d/f`, "1");
    await watch.until("the file", () => lastWriter(watch.of("m/d/f")) === "none");
    mount.unmount();
    await watch.scanned(2);
    expect(watch.logged.join()).toContain("was unmounted");
  });
} else {
  console.warn("detect-root.test.ts: not root, so mounts are tested by another directory in the place of the root alone");
}
