import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, constants, fchmodSync, fstatSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, HotdirError } from "../kernel/errors.ts";
import { bytesOfText } from "../kernel/path.ts";

/** `viewer` may look; `operator` may also requeue, pause and resume. */
export type Role = "viewer" | "operator";
export type Tokens = Record<Role, string>;

const TOKEN_BYTES = 32;
const TOKEN_FILE_BYTES_MAX = 4096;
const files: Record<Role, string> = { viewer: "page-token", operator: "page-operator-token" };

export function tokenFile(stateDirectory: string, role: Role): string {
  return join(stateDirectory, files[role]);
}

/** Read, or made at the first start; only the user of the daemon can read them. `warn` hears of one that others could. Throws `own-file-failed`. */
export function ownTokens(stateDirectory: string, warn: (text: string) => void): Tokens {
  const own = (role: Role): string => ownToken(tokenFile(stateDirectory, role), warn);
  return { viewer: own("viewer"), operator: own("operator") };
}

function ownToken(file: string, warn: (text: string) => void): string {
  const token = readToken(file, warn) ?? makeToken(file);
  if (!/^[A-Za-z0-9_-]{43,}$/.test(token))
    throw new HotdirError("own-file-failed", {
      operation: "read the page's token",
      path: bytesOfText(file),
      detail: "it holds something else; remove it, and the next start makes a new one",
    });
  return token;
}

function readToken(file: string, warn: (text: string) => void): string | null {
  let descriptor: number | null = null;
  try {
    // A pipe in its place would hold up the daemon until somebody writes.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > TOKEN_FILE_BYTES_MAX) return "";
    const token = readFileSync(descriptor, "utf8").trim();
    // Whoever restored it from a backup, say, may have opened it to all.
    if ((stat.mode & 0o077) !== 0) {
      fchmodSync(descriptor, 0o600);
      warn(`${file} could be read by others until now: if one of them may have, remove it and restart`);
    }
    return token;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw new HotdirError("own-file-failed", { operation: "read the page's token", path: bytesOfText(file), cause: error });
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

/** Whole under its name or not there at all, whenever we are killed. */
function makeToken(file: string): string {
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const draft = `${file}.${process.pid}.new`;
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeSync(descriptor, `${token}\n`);
    fsyncSync(descriptor);
    linkSync(draft, file);
  } finally {
    closeSync(descriptor);
    rmSync(draft, { force: true });
  }
  return token;
}

/** Takes the same time whatever is wrong. */
export function sameSecret(given: string, known: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(known));
}

/** Both are compared, so that the time does not tell which one it was. */
export function roleOfToken(given: string, tokens: Tokens): Role | null {
  const [operator, viewer] = [sameSecret(given, tokens.operator), sameSecret(given, tokens.viewer)];
  return operator ? "operator" : viewer ? "viewer" : null;
}
