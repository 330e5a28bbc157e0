import { lstatSync, type Stats } from "node:fs";
import { errnoOf, messageOf } from "../../kernel/errors.ts";
import { type AbsPath, fsPath } from "../../kernel/path.ts";

/** What is under a name that somebody gave: it may be one that no file can have, or lie where nobody may look. `why`: for people. */
export function look(path: AbsPath): { kind: "there"; stat: Stats } | { kind: "nothing" } | { kind: "unknown"; why: string } {
  if (path.includes("\0")) return { kind: "unknown", why: "no path holds a NUL" };
  try {
    const stat = lstatSync(fsPath(path), { throwIfNoEntry: false });
    return stat === undefined ? { kind: "nothing" } : { kind: "there", stat };
  } catch (error) {
    return { kind: "unknown", why: errnoOf(error) ?? messageOf(error) };
  }
}
