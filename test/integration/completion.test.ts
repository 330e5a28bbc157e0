import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { bytesOfText } from "../../src/kernel/path.ts";
import { hostileNames } from "../support/names.ts";
import { readTree } from "../support/tree.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";
import { configure, flowFact, isThere, writeFiles } from "./engine-world.ts";

type SetJson = { set: string; whole: boolean; waits_for: number; waits: Array<{ path: string; state: string }>; says: string };
type CompletionJson = { open: number; complete: number; sets: SetJson[] };
type Member = { path: string; path_bytes?: string; digest: string | null };
type ManifestJson = { members: Member[]; count: number; merkle_sha256: string };

/** The world's flow with sets, and more of it. */
function withSets(world: World, completion: object, source: object = {}): void {
  configure(world, (flow) => ({
    world: { ...flow, source: { ...flow.source, ...source }, retry: { ...flow.retry, attempts: 2 }, log: "debug", completion },
  }));
}

const completionOf = async (world: World): Promise<CompletionJson> => (await flowFact(world, "completion")) as CompletionJson;

/** Files at the destination that are no directories. */
async function filesThere(world: World): Promise<string[]> {
  return [...(await readTree(world.destination))].filter(([, { kind }]) => kind !== "d").map(([path]) => path);
}

const there = async (world: World, path: string): Promise<void> =>
  void (await waitUntil(path, () => isThere(`${world.destination}/${path}`), { explain: () => world.hotdir.log() }));

test("timecode and suprsync: an old directory is finalized once, under SupRsync's names and keys; the present one is not", async () => {
  await using world = await makeWorld();
  const directory = `${world.directory}/suprsync`;
  withSets(world, {
    sets: String.raw`\d{5}`,
    whole: "timecode",
    manifest: { format: "suprsync", directory, instance: "srv20", archive: "smurf" },
  });
  const now = Math.floor(Date.now() / 100_000_000);
  writeFiles(world.source, {
    "16750/crate1/a.g3": "a",
    "16750/1686152766/b": "b",
    "16750/top": "c",
    [`${now}/crate1/x`]: "x",
    "other/y": "y",
  });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  const finalized = (await filesThere(world)).filter((path) => path.endsWith("_finalized.yaml"));
  const [path = ""] = finalized;
  expect(finalized).toEqual([expect.stringMatching(new RegExp(`^${now}/suprsync/srv20/\\d{10}_smurf_16750_finalized\\.yaml$`))]);
  const text = readFileSync(`${world.destination}/${path}`, "utf8");
  expect(parse(text)).toEqual({
    archive_name: "smurf",
    finalized_at: expect.any(Number),
    finalized_until: expect.any(Number),
    instance_id: "srv20",
    num_files: 3,
    subdirs: ["1686152766", "crate1"],
    timecode: 16750,
  });
  expect(readFileSync(`${directory}/${path.replace("/suprsync/", "/")}`, "utf8")).toBe(text);
  // What comes later is delivered as ever, and told; there is no second one, also by other rules.
  writeFiles(world.source, { "16750/late": "late" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect((await filesThere(world)).filter((one) => one.endsWith("_finalized.yaml"))).toEqual(finalized);
  const told = await world.hotdir.ask("explain", `${world.source}/16750/top`);
  expect(told.stdout).toMatch(
    /Set 16750: complete since .*, with 3 files; its manifest .*_16750_finalized\.yaml is delivered; 1 file came after that/,
  );
  expect(await completionOf(world)).toMatchObject({ open: 1, complete: 1, sets: [{ set: String(now), whole: false, waits_for: 0 }] });
});

test("marker and sums: with any names, and a marker that is found first, `sha256sum -c` proves all that the source held", async () => {
  await using world = await makeWorld();
  withSets(world, { sets: "runs/[^/]+", whole: { marker: "DONE" }, manifest: { format: "sums", path: "sums/${name}" } }, { reject: [] });
  const names = hostileNames.filter((name) => name("1").length < 200);
  writeFiles(world.source, { "runs/a b/DONE": "" });
  for (const [index, name] of names.entries())
    writeFiles(world.source, { [`runs/a b/${index % 2 === 0 ? "" : "deep/er/"}${name(String(index))}`]: `${index}` });
  writeFiles(world.source, { "runs/open/x": "x" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  const checked = execFileSync("sha256sum", ["-c", "--strict", `${world.destination}/sums/a b`], {
    cwd: world.destination,
    encoding: "latin1",
  });
  expect(
    checked
      .trimEnd()
      .split("\n")
      .every((line) => line.endsWith(": OK")),
  ).toBe(true);
  expect(checked.match(/: OK$/gm)?.length).toBe(names.length + 1);
  expect(isThere(`${world.destination}/sums/open`)).toBe(false);
  expect((await completionOf(world)).sets).toMatchObject([{ set: "runs/open", says: "is not whole yet: its marker DONE was not seen" }]);
});

test("count and json: the root is found again from the destination by the lines of the guide", async () => {
  await using world = await makeWorld();
  withSets(world, { sets: String.raw`\d+`, whole: { count: 5 } });
  writeFiles(world.source, Object.fromEntries(["a", "b c", "d/e", "d/\u00ff", "f\ng"].map((name) => [`7/${name}`, name])));
  writeFiles(world.source, { "8/a": "four are not enough", "8/b": "b", "8/c": "c", "8/d": "d" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  const manifest = JSON.parse(readFileSync(`${world.destination}/7.manifest.json`, "utf8")) as ManifestJson;
  const paths = manifest.members.map(({ path, path_bytes }) =>
    path_bytes === undefined ? bytesOfText(path) : Buffer.from(path_bytes, "hex").toString("latin1"),
  );
  expect(paths).toEqual(["7/a", "7/b c", "7/d/e", "7/d/\u00ff", "7/f\ng"]);
  const guide = readFileSync(new URL("../../docs/guide/20-completion.md", import.meta.url), "utf8");
  writeFileSync(`${world.directory}/merkle.py`, /```python\n([^]*?)```/.exec(guide)?.[1] ?? "");
  const merkle = ["-I", `${world.directory}/merkle.py`, "7.manifest.json"];
  const found = execFileSync("python3", merkle, { cwd: world.destination, encoding: "utf8" });
  expect(found.trim()).toBe(`${manifest.merkle_sha256} as the manifest says`);
  expect((await completionOf(world)).sets).toMatchObject([{ set: "8", says: "is not whole yet: 4 of 5 files arrived" }]);
});

test("quiet: renames and removals count as they are made, and a set is whole only after its quiet time", async () => {
  await using world = await makeWorld();
  withSets(world, { sets: "run[^/]*", whole: { quiet: "2s" } }, { propagate: ["put", "rename", "link", "mkdir", "delete", "rmdir"] });
  writeFiles(world.source, { "aside/kept": "kept", "aside/renamed": "renamed", "aside/removed": "removed" });
  world.hotdir.start();
  await there(world, "aside/removed");
  renameSync(`${world.source}/aside`, `${world.source}/run1`);
  await there(world, "run1/removed");
  rmSync(`${world.source}/run1/removed`);
  renameSync(`${world.source}/run1/renamed`, `${world.source}/run1/now`);
  await there(world, "run1/now");
  expect(isThere(`${world.destination}/run1.manifest.json`)).toBe(false);
  await there(world, "run1.manifest.json");
  const { members } = JSON.parse(readFileSync(`${world.destination}/run1.manifest.json`, "utf8")) as ManifestJson;
  expect(members.map(({ path }) => path)).toEqual(["run1/kept", "run1/now"]);
});

test("a member that died is named with its reason and what to do, and holds its set and no other until it is sent again", async () => {
  await using world = await makeWorld();
  withSets(world, { sets: String.raw`\d+`, whole: { marker: "DONE" } });
  mkdirSync(`${world.destination}/1/in the way`, { recursive: true });
  writeFiles(`${world.destination}/1/in the way`, { stranger: "" });
  for (const set of ["1", "2"]) writeFiles(world.source, { [`${set}/in the way`]: "x", [`${set}/b`]: "b", [`${set}/DONE`]: "" });
  world.hotdir.start();
  await there(world, "2.manifest.json");
  await world.hotdir.waitFor("a dead letter", ({ flows }) => flows[0]?.counts.dead === 1);
  const { sets } = await completionOf(world);
  expect(sets).toMatchObject([{ set: "1", whole: true, waits_for: 1, waits: [{ path: "1/in the way", state: "dead" }] }]);
  for (const told of [
    await world.hotdir.ask("status"),
    await world.hotdir.ask("explain", `${world.source}/1`),
    await world.hotdir.ask("explain", `${world.source}/1/b`),
  ])
    expect(told.stdout).toMatch(/1: waits for 1 file: 1\/in the way \(dead: .+; 'hotdir retry -f world '1\/in the way'' sends it again\)/);
  rmSync(`${world.destination}/1/in the way`, { recursive: true });
  await world.hotdir.ask("retry", "--all");
  await there(world, "1.manifest.json");
  const { members } = JSON.parse(readFileSync(`${world.destination}/1.manifest.json`, "utf8")) as ManifestJson;
  expect(members.map(({ path }) => path)).toEqual(["1/DONE", "1/b", "1/in the way"]);
});

test("another section, a restart and history make no second manifest, and a manifest is no removal of the source", async () => {
  await using world = await makeWorld();
  const propagate = ["put", "rename", "link", "mkdir", "delete", "rmdir"];
  const section = (completion: object): void => {
    const written = JSON.parse(readFileSync(world.place.configFile, "utf8")) as { flows: { world: object } };
    writeFileSync(world.place.configFile, JSON.stringify({ ...written, flows: { world: { ...written.flows.world, completion } } }));
  };
  withSets(world, { sets: String.raw`\d+`, whole: { marker: "DONE" } }, { propagate, rescan: "1s" });
  writeFiles(world.source, { "1/a": "a", "1/DONE": "" });
  world.hotdir.start();
  await there(world, "1.manifest.json");
  section({ sets: String.raw`\d`, whole: { count: 1 }, manifest: { format: "sums" } });
  process.kill(world.hotdir.pid, "SIGHUP");
  writeFiles(world.source, { "2/b": "b" });
  await there(world, "2.sums");
  writeFiles(world.source, { "3/c": "c" });
  await there(world, "3.sums");
  // Whole rescans, after each of which what is missing in the source is looked at.
  const scans = (): number => readFileSync(world.place.logFile, "utf8").match(/"msg":"scanned /g)?.length ?? 0;
  const before = scans();
  await waitUntil("two rescans", () => scans() >= before + 2, { explain: () => world.hotdir.log() });
  expect((await filesThere(world)).filter((path) => !path.includes("/")).toSorted()).toEqual(["1.manifest.json", "2.sums", "3.sums"]);
});
