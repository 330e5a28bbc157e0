import { createHash } from "node:crypto";
import { join } from "node:path";
import type { CliContext } from "../command.ts";
import { stateDirectory } from "../directories.ts";

const KEY_DIGITS = 8;

/**
 * The state directory of one foreign configuration, below hotdir's own: `suprsync/timestreams-1f3a09bc`. `label`: for people; `key`: what
 * no two of the program's configurations share (a database's absolute path and an archive, say).
 */
export function foreignState(program: string, { label, key }: { label: string; key: string }, context: CliContext): string {
  const own = stateDirectory({ values: {}, positionals: [] }, context);
  const plain = label.replaceAll(/[^A-Za-z0-9_-]+/g, "_").slice(0, 40);
  const digest = createHash("sha256").update(key).digest("hex").slice(0, KEY_DIGITS);
  return join(own, program, plain === "" ? digest : `${plain}-${digest}`);
}
