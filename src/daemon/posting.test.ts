import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeLedger, flowSettings, standingClock } from "../../test/support/ledger.ts";
import type { Sighting } from "../flow/detect/contract.ts";
import { type AbsPath, bytesOfText } from "../kernel/path.ts";
import { post } from "./posting.ts";

const abs = (path: string): AbsPath => bytesOfText(path) as AbsPath;

test("a tree is posted as it is below the root, symlinks as such, and nothing over one", async () => {
  await using ledger = await makeLedger();
  const root = join(ledger.stateDirectory, "source");
  mkdirSync(join(root, "run1/deep"), { recursive: true });
  mkdirSync(join(ledger.stateDirectory, "elsewhere/inner"), { recursive: true });
  for (const path of ["source/run1/f", "source/run1/deep/g", "elsewhere/h", "elsewhere/inner/i"])
    writeFileSync(join(ledger.stateDirectory, path), "content");
  symlinkSync("../elsewhere", join(root, "link"));
  const sightings: Sighting[] = [];
  const settings = flowSettings({ name: "posted", source: { kind: "posted", root: abs(root) } });
  const target = { settings, admit: (seen: Sighting[]): void => void sightings.push(...seen) };
  const ask = async (...paths: string[]): Promise<Record<string, unknown>> => {
    sightings.length = 0;
    const answer = await post(ledger.db, [target], { flow: null, paths: paths.map((path) => abs(join(root, path))) }, standingClock());
    return { missing: answer.missing, outside: answer.outside, seen: sightings.map((one) => `${one.kind} ${one.path}`).sort() };
  };
  const all = ["directory run1", "directory run1/deep", "file run1/deep/g", "file run1/f", "symlink link"];
  expect(await ask("")).toEqual({ missing: [], outside: [], seen: all });
  expect(await ask("run1/f", "link")).toEqual({ missing: [], outside: [], seen: ["file run1/f", "symlink link"] });
  const led = ["link/h", "link/inner", "link/inner/i"];
  expect(await ask(...led)).toEqual({ missing: [], outside: led.map((path) => join(root, path)), seen: [] });
  expect(await ask("none", "run1/none/f")).toEqual({
    missing: ["none", "run1/none/f"].map((path) => join(root, path)),
    seen: [],
    outside: [],
  });
});
