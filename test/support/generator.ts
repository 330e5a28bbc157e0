import { readFileSync } from "node:fs";
import { once } from "node:events";
import { endProgram, startProgram } from "./child.ts";
import { parseLines } from "./lying-sftp.ts";
import { changeWays, type GeneratorOrder, type ManifestLine, newWays } from "./manifest.ts";

export type Generator = AsyncDisposable & {
  /** Resolves when it has done all of its operations; rejects when it failed. */
  readonly done: Promise<void>;
  /** Lets it finish the files that it is writing, and waits for that. */
  finish(): Promise<void>;
  manifest(): ManifestLine[];
};

export const allWays = [...newWays, ...changeWays] as const;

const defaults = {
  operations: null,
  operationsPerS: null,
  sizesBytes: [0, 256 * 1024],
  ways: allWays,
  hostile: 0.2,
  prefix: "g",
} satisfies Partial<GeneratorOrder>;

/** Starts a writer of files in a process of its own. `manifest` must lie outside of the source. */
export function startGenerator(order: Pick<GeneratorOrder, "directory" | "manifest" | "seed"> & Partial<GeneratorOrder>): Generator {
  const child = startProgram("generator.ts", [JSON.stringify({ ...defaults, ...order })]);
  const done = once(child, "exit").then(([code]) => {
    if (code !== 0) throw new Error(`the generator failed (${String(code)})`);
  });
  // Whoever awaits `done` gets the failure; that nobody does yet is no unhandled one.
  done.catch(() => {});
  return {
    done,
    async finish() {
      child.kill("SIGTERM");
      await done;
    },
    manifest: () => parseLines<ManifestLine>(readFileSync(order.manifest, "utf8")),
    [Symbol.asyncDispose]: async () => endProgram(child),
  };
}
