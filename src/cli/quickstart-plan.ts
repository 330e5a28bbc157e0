import { lstatSync, readdirSync } from "node:fs";
import type { ParsedArguments } from "./command.ts";
import { type AbsPath, absPath, type Bytes, bytesOfText, fsPath, join } from "../kernel/path.ts";

/** So many names are tried before a person has to choose one. */
const NAMES_MAX = 100;

/**
 * DEST as a destination URL: `user@host:dir` and `host:dir` as scp has them, a URL as it is, anything
 * else a directory of this machine.
 */
export function destinationUrl(typed: string, cwd: AbsPath): string {
  if (/^(sftp|file):/i.test(typed)) return typed;
  const remote = /^((?:[^\s:@/]+@)?(?:\[[0-9a-fA-F:.]+\]|[^\s:@/[\]]+)):(.*)$/s.exec(typed);
  if (remote === null) return `file:${escaped(absPath(bytesOfText(typed), cwd))}`;
  const [, target = "", directory = ""] = remote;
  const home = directory.replace(/^~\/?/, "");
  return directory.startsWith("/")
    ? `sftp://${target}${escaped(bytesOfText(directory))}`
    : `sftp://${target}/~/${escaped(bytesOfText(home))}`;
}

/** As a URL has it, by bytes: `%`, `?`, `#`, and what is not plain text. */
function escaped(path: Bytes): string {
  return path.replaceAll(/[^\x21-\x7e]|[%?#"<>\\^`{|}$]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/** The directory that `--directory` names, else `NAME`, `NAME-2`, ... in the home: the first that is not there, or is empty. null: none is free. */
export function freeDirectory(home: AbsPath, name: string): AbsPath | null {
  for (let number = 1; number <= NAMES_MAX; number++) {
    const directory = join(home, (number === 1 ? name : `${name}-${number}`) as Bytes);
    if (isFree(directory)) return directory;
  }
  return null;
}

function isFree(path: AbsPath): boolean {
  const there = lstatSync(fsPath(path), { throwIfNoEntry: false });
  if (there === undefined) return true;
  try {
    return there.isDirectory() && readdirSync(fsPath(path)).length === 0;
  } catch {
    return false;
  }
}

export function directoryOption(args: ParsedArguments, cwd: AbsPath): AbsPath | null {
  const named = args.values["directory"];
  return typeof named === "string" ? absPath(bytesOfText(named), cwd) : null;
}
