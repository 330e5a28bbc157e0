import { statSync } from "node:fs";
import { isEmptyOrGone } from "../detect/empty-root.ts";
import { fsTypeOf } from "../../kernel/file-system-type.ts";
import { type AbsPath, fsPath, parentOf, type RelPath, show } from "../../kernel/path.ts";

/**
 * What can be said of a path that is not found below a directory. `gone`: it is not there; `late`: a file system that other
 * machines write may show it here only after a while. `lost`: the directory was there and
 * is on no file system any more that we know, so nothing is known. `unknown`: nobody ever saw anything in it on this machine.
 */
export type Absence = { kind: "gone"; late?: true } | { kind: "lost" | "unknown"; reason: string };

/**
 * The directories that messages name as the base of their paths. An unmounted file system looks as if all its files were
 * gone; by the device it is told apart from a directory that was emptied or removed by somebody (P4).
 */
export class Bases {
  readonly #devices = new Map<AbsPath, bigint>();

  /** Something was found there. */
  found(base: AbsPath): void {
    if (this.#devices.has(base)) return;
    const device = deviceAt(base);
    if (device !== null) this.foundOn(base, device);
  }

  foundOn(base: AbsPath, device: bigint): void {
    this.#devices.set(base, device);
  }

  /** A person says that all is as it should be. */
  forget(): void {
    this.#devices.clear();
  }

  /** Whether any that was there is away. */
  get areLost(): boolean {
    return [...this.#devices.keys()].some((base) => this.absence(base).kind === "lost");
  }

  /** Of a path below `base` that was not found. */
  absence(base: AbsPath): Absence {
    if (!isEmptyOrGone(base)) {
      // Also where it is on another file system by now: something is there again.
      this.#devices.delete(base);
      this.found(base);
      return isShared(base) ? { kind: "gone", late: true } : { kind: "gone" };
    }
    const known = this.#devices.get(base);
    const now = nearestDevice(base);
    if (known !== undefined && known === now) return { kind: "gone" };
    const what = deviceAt(base) === null ? "is not there" : "is empty";
    if (known === undefined)
      return { kind: "unknown", reason: `${show(base)} ${what} on this machine, so nothing can be said of what is in it` };
    return { kind: "lost", reason: `the source ${show(base)} ${what}, and its file system is another one than before` };
  }
}

function isShared(base: AbsPath): boolean {
  try {
    return fsTypeOf(base).network;
  } catch {
    return false;
  }
}

/** Of what the name leads to: a link to a file system that went away is not on it. */
function deviceAt(path: AbsPath): bigint | null {
  try {
    return statSync(fsPath(path), { bigint: true }).dev;
  } catch {
    return null;
  }
}

/** Of the directory, or of the nearest one above it that is there: a file system that goes takes its mount point's device along. */
function nearestDevice(path: AbsPath): bigint | null {
  for (let at = path; ; at = `/${parentOf(at.slice(1) as RelPath)}` as AbsPath) {
    const device = deviceAt(at);
    if (device !== null || at === "/") return device;
  }
}
