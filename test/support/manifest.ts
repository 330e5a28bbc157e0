/**
 * What the generator says that it did, in the order in which it did it: the truth that the fault
 * tests compare with. Paths are byte strings relative to the source. Lines of JSON, each fsynced.
 */
export type ManifestLine =
  /** A complete version: closed by its writer, or renamed to its place. */
  | { event: "version"; path: string; sha256: string; sizeBytes: number; way: Way }
  | { event: "renamed"; from: string; path: string }
  | { event: "deleted"; path: string };

export const newWays = ["write", "append", "tmp-rename", "deep", "move-tree"] as const;
export const changeWays = ["replace", "rewrite", "rename", "delete"] as const;
export type Way = (typeof newWays)[number] | (typeof changeWays)[number];

export type GeneratorOrder = {
  directory: string;
  manifest: string;
  seed: number;
  /** How many operations; null: until it is told to end. */
  operations: number | null;
  /** null: as fast as it goes. */
  operationsPerS: number | null;
  sizesBytes: [low: number, high: number];
  ways: readonly Way[];
  /** The part of the names that are hostile, 0 to 1. */
  hostile: number;
  /** Names begin with this, so that several generators do not meet. */
  prefix: string;
};
