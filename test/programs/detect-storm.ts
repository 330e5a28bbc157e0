/**
 * A storm of makes, moves and deletes in a directory, as fast as one process can: `detect-storm.ts ROOT OUTSIDE SEED OPERATIONS`.
 * Directories move within the root, out of it and back in; names are few, so that places are used again and again.
 */
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [root, outside, seedText, operationsText] = process.argv.slice(2);
if (root === undefined || outside === undefined) throw new Error("usage: detect-storm.ts ROOT OUTSIDE SEED OPERATIONS");
let state = Number(seedText) >>> 0;

function random(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

function somePath(base: string): string {
  let path = base;
  for (let depth = random(4); depth > 0; depth--) {
    const inside = entries(path).filter((entry) => isDirectory(join(path, entry)));
    if (inside.length === 0) break;
    path = join(path, inside[random(inside.length)]!);
  }
  return path;
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Many steps cannot be done (a directory into itself, over a full one): then nothing happens. */
function attempt(step: () => void): void {
  try {
    step();
  } catch {
    // As in life: the next one.
  }
}

function name(kind: string): string {
  return `${kind}${random(6)}`;
}

for (let count = Number(operationsText); count > 0; count--) {
  const from = somePath(root);
  const inside = entries(from);
  const chosen = join(from, inside[random(inside.length)] ?? "none");
  switch (random(9)) {
    case 0:
    case 1:
      attempt(() => mkdirSync(join(from, name("d"), name("d")), { recursive: true }));
      break;
    case 2:
    case 3:
      attempt(() => writeFileSync(join(from, name("f")), "x".repeat(random(100))));
      break;
    case 4:
    case 5:
      attempt(() => renameSync(chosen, join(somePath(root), isDirectory(chosen) ? name("d") : name("f"))));
      break;
    case 6:
      attempt(() => (random(3) === 0 ? rmSync(chosen, { recursive: true }) : rmSync(chosen)));
      break;
    case 7:
      attempt(() => renameSync(chosen, join(outside, `o${random(4)}`)));
      attempt(() => renameSync(join(outside, `o${random(4)}`), join(somePath(root), name("d"))));
      break;
    default:
      attempt(() => symlinkSync("../elsewhere", join(from, name("l"))));
  }
}
process.send?.({ done: true });
