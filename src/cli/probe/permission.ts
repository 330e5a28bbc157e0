import { accessSync, constants, statSync } from "node:fs";
import { userInfo } from "node:os";
import { type AbsPath, absPath, type Bytes, fsPath } from "../../kernel/path.ts";
import { shellText, shellWord } from "./shell-word.ts";

const masks = {
  rw: constants.R_OK | constants.W_OK,
  rx: constants.R_OK | constants.X_OK,
  wx: constants.W_OK | constants.X_OK,
  rwx: constants.R_OK | constants.W_OK | constants.X_OK,
};
export type Rights = keyof typeof masks;

export function mayUse(path: AbsPath, rights: Rights): boolean {
  try {
    accessSync(fsPath(path), masks[rights]);
    return true;
  } catch {
    return false;
  }
}

/** The command that gives this user what is lacking: on the way to the directory, where it cannot even be reached. */
export function permissionFix(path: AbsPath, rights: Rights): string {
  const barred = ancestors(path).find((directory) => !passable(directory));
  return barred === undefined ? grant(path, rights) : grant(barred, "x");
}

function grant(path: AbsPath, rights: string): string {
  return isOurs(path) ? `chmod u+${rights} ${shellWord(path)}` : `sudo setfacl -m u:${shellText(userName())}:${rights} ${shellWord(path)}`;
}

/** From the outermost, without the path itself. */
function ancestors(path: AbsPath): AbsPath[] {
  const found: AbsPath[] = [];
  for (let at = path; at !== "/";) {
    at = absPath(`${at}/..` as Bytes);
    found.unshift(at);
  }
  return found;
}

function passable(directory: AbsPath): boolean {
  try {
    accessSync(fsPath(directory), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isOurs(path: AbsPath): boolean {
  try {
    return statSync(fsPath(path)).uid === process.geteuid?.();
  } catch {
    return false;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry, as in containers: tools take the number.
    return String(process.geteuid?.() ?? "");
  }
}
