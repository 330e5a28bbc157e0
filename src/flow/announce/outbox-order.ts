import { ancestorsOf, type RelPath } from "../../kernel/path.ts";
import { type Change, isStructural } from "../transfer.ts";

/** One that is owed, and whether the broker may have it by now. */
export type InLine = { change: Change; isUnderWay: boolean };

/**
 * Those that may be told now, of all that are owed in the order of their transfers: what an earlier one that is not done
 * concerns waits for it. That is its own path, and for renames and removals also what is below. Pure.
 */
export function mayBeTold<Each extends InLine>(line: Each[]): Each[] {
  const earlier = new Earlier();
  return line.filter((one) => {
    const may = !one.isUnderWay && !earlier.concerns(one.change);
    // One that waits keeps what comes after it waiting, too.
    earlier.add(one.change);
    return may;
  });
}

class Earlier {
  readonly #paths = new Set<RelPath>();
  readonly #structural = new Set<RelPath>();

  add(change: Change): void {
    for (const path of pathsOf(change)) {
      this.#paths.add(path);
      if (isStructural(change)) this.#structural.add(path);
    }
  }

  concerns(change: Change): boolean {
    return pathsOf(change).some(
      (path) =>
        this.#paths.has(path) ||
        ancestorsOf(path).some((directory) => this.#structural.has(directory)) ||
        (isStructural(change) && this.#anyBelow(path)),
    );
  }

  #anyBelow(directory: RelPath): boolean {
    for (const path of this.#paths) if (path.startsWith(`${directory}/`)) return true;
    return false;
  }
}

function pathsOf(change: Change): RelPath[] {
  return change.kind === "rename" ? [change.path, change.from] : [change.path];
}
