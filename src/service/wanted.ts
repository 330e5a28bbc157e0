import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readIfThere, writeDurably } from "../kernel/durable-file.ts";

const schema = z.object({
  wanted: z.boolean(),
  /** What `start` was given; all paths absolute. */
  config: z.string().nullable(),
  logLevel: z.string().nullable(),
  /** Of the one who said `start`, since cron's is a poor one; only names that hold no secret. */
  environment: z.record(z.string(), z.string()),
  since: z.string(),
});

/** What a person asked for last, by `start` or `stop`: it outlives every process. */
export type Wanted = z.infer<typeof schema>;

/** Where programs, agents and tickets are found. Anything else of an environment may be a secret and is not written down. */
const kept = ["PATH", "HOME", "LANG", "TZ", "SSH_AUTH_SOCK", "KRB5CCNAME", "HOTDIR_SSH", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"];

export function keptEnvironment(env: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** null: nobody asked for anything yet. A file that was damaged by hand counts as none. */
export function readWanted(stateDirectory: string): Wanted | null {
  const text = readIfThere(fileOf(stateDirectory));
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Something is written there that cannot be read: nobody can tell what was asked for. */
export function isWantedDamaged(stateDirectory: string): boolean {
  return readWanted(stateDirectory) === null && readIfThere(fileOf(stateDirectory)) !== null;
}

/** A disk that takes nothing more lets a file go: then it is as if nobody had asked for anything. Throws `own-file-failed`. */
export function writeUnwanted(stateDirectory: string, wanted: Wanted): void {
  try {
    writeWanted(stateDirectory, { ...wanted, wanted: false, since: new Date().toISOString() });
  } catch (error) {
    try {
      rmSync(fileOf(stateDirectory));
    } catch {
      throw error;
    }
  }
}

export function writeWanted(stateDirectory: string, wanted: Wanted): void {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  writeDurably(fileOf(stateDirectory), `${JSON.stringify(wanted, null, 2)}\n`);
}

function fileOf(stateDirectory: string): string {
  return join(stateDirectory, "wanted.json");
}
