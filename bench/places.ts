import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PlaceName } from "./options.ts";

const run = promisify(execFile);

/** A directory on one file system that holds sources, destinations and ledgers of the runs there. */
export type Place = Disposable & { readonly name: PlaceName; readonly directory: string; settle(): Promise<void> };

/** `disk` is below TMPDIR, else /var/tmp, which is on a disk also where /tmp is not. */
export function makePlace(name: PlaceName): Place {
  const parent = name === "shm" ? "/dev/shm" : process.env["TMPDIR"] === undefined ? "/var/tmp" : tmpdir();
  const directory = mkdtempSync(join(parent, "hotdir-bench-"));
  chmodSync(directory, 0o755);
  return {
    name,
    directory,
    /** What earlier runs left to be written must not be paid by the next one. */
    async settle() {
      if (name === "disk") await run("sync", ["-f", directory]);
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
