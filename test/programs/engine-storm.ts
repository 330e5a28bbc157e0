import { linkSync, mkdirSync, renameSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../support/random.ts";

/**
 * Makes random changes to a small tree for a while: few names, so that most operations meet each
 * other. Arguments: directory, seed, how long in ms, and `mixed` where a name may be now a file, now a
 * directory, now a link (otherwise each name is of one type). Ends by itself; the tree is then at rest.
 */
const [directory = "", seed = "1", durationMs = "1000", types = "apart"] = process.argv.slice(2);
const random = new Random(Number(seed));
const endMs = performance.now() + Number(durationMs);
const mixed = ["a", "b", "c", "d", "e"];
const names =
  types === "mixed"
    ? { file: mixed, directory: mixed, link: mixed }
    : { file: ["a", "b", "c"], directory: ["d", "e", "f"], link: ["l", "m"] };
type Type = keyof typeof names;

process.on("disconnect", () => process.exit(1));

const operations: Array<() => void> = [
  put,
  put,
  put,
  () => writeFileSync(at("file"), random.fill(random.between(0, 2_000))),
  () => move("file"),
  () => move(random.pick(["file", "directory", "link"])),
  () => unlinkSync(at("file")),
  () => unlinkSync(at("link")),
  () => mkdirSync(at("directory")),
  () => mkdirSync(at("directory")),
  () => rmdirSync(at("directory")),
  () => symlinkSync(random.pick(names.file), at("link")),
  () => linkSync(at("file"), at("file")),
];

let done = 0;
while (performance.now() < endMs) {
  // Bursts, with pauses in between in which the engine catches up.
  for (let burst = random.between(1, 12); burst > 0; burst--) tryOne(random.pick(operations));
  await sleep(random.between(0, 25));
}
process.send?.({ message: "stormed", done }, () => process.exit(0));

function tryOne(operation: () => void): void {
  try {
    operation();
    done++;
  } catch (error) {
    // Most combinations of names do not fit the tree as it is: refused by the kernel, and no change.
    if (!(error instanceof Error) || !("code" in error)) throw error;
  }
}

/** A path of this type, up to three names long. */
function at(type: Type): string {
  const above = Array.from({ length: random.pick([0, 0, 1, 1, 2]) }, () => random.pick(names.directory));
  return [directory, ...above, random.pick(names[type])].join("/");
}

function move(type: Type): void {
  renameSync(at(type), at(type));
}

/** As careful writers do: complete before it has its name. */
function put(): void {
  const path = at("file");
  writeFileSync(`${path}.part`, random.fill(random.between(0, 40_000)));
  renameSync(`${path}.part`, path);
}
