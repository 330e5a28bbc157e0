import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import type { ManifestLine } from "../support/manifest.ts";

/** Appends lines; each is on the disk before `write` returns. */
export function openManifest(file: string): { write(line: ManifestLine): void; close(): void } {
  const descriptor = openSync(file, "a");
  return {
    write(line) {
      writeSync(descriptor, `${JSON.stringify(line)}\n`);
      fsyncSync(descriptor);
    },
    close: () => closeSync(descriptor),
  };
}
