import { ancestorsOf, nameOf, type RelPath, textOf } from "../../kernel/path.ts";

/** Which directories are sets: those whose whole relative path the expression matches. */
export class SetPaths {
  readonly #whole: RegExp;

  constructor(sets: RegExp) {
    this.#whole = new RegExp(`^(?:${sets.source})$`, sets.flags);
  }

  isSet(directory: RelPath): boolean {
    return this.#whole.test(textOf(directory));
  }

  /** The sets that hold a path, the outermost first: sets may lie in one another. */
  above(path: RelPath): RelPath[] {
    return ancestorsOf(path).filter((directory) => this.isSet(directory));
  }
}

/** What a set's name says as a timecode (Unix time / 100,000); null: it is no whole number. */
export function timecodeOf(set: RelPath): number | null {
  const name = nameOf(set);
  return /^\d{1,9}$/.test(name) ? Number(name) : null;
}
