import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { chmodSync, closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, HotdirError } from "../kernel/errors.ts";
import { bytesOfText } from "../kernel/path.ts";

/** `viewer` may look; `operator` may also requeue, pause and resume. */
export type Role = "viewer" | "operator";
export type Tokens = Record<Role, string>;

const TOKEN_BYTES = 32;
const files: Record<Role, string> = { viewer: "page-token", operator: "page-operator-token" };

export function tokenFile(stateDirectory: string, role: Role): string {
  return join(stateDirectory, files[role]);
}

/** Read, or made at the first start; only the user of the daemon can read them. Throws `state-failed`. */
export function ownTokens(stateDirectory: string): Tokens {
  return { viewer: ownToken(tokenFile(stateDirectory, "viewer")), operator: ownToken(tokenFile(stateDirectory, "operator")) };
}

function ownToken(file: string): string {
  const token = readToken(file) ?? makeToken(file);
  if (!/^[A-Za-z0-9_-]{43,}$/.test(token))
    throw new HotdirError("state-failed", {
      operation: "read the page's token",
      path: bytesOfText(file),
      detail: "it holds something else; remove it, and the next start makes a new one",
    });
  return token;
}

function readToken(file: string): string | null {
  try {
    const token = readFileSync(file, "utf8").trim();
    // Whoever restored it from a backup, say, may have opened it to all.
    chmodSync(file, 0o600);
    return token;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw new HotdirError("state-failed", { operation: "read the page's token", path: bytesOfText(file), cause: error });
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
