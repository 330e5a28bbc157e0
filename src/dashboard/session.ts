import { createHash, createHmac } from "node:crypto";
import { type Role, sameSecret, type Tokens } from "./tokens.ts";

/**
 * What a browser holds after signing in: a role and an end, signed with that role's token. Nothing is kept here, so it
 * outlives a restart of the daemon; a new token ends it. The token itself is in no cookie.
 */
const SESSION_MS = 30 * 86_400_000;

/** Browsers send a host's cookies to all of its ports: two daemons of one machine must not sign each other out. */
export function sessionName(tokens: Tokens): string {
  return `hotdir_${createHash("sha256").update(`session of ${tokens.viewer}`).digest("hex").slice(0, 12)}`;
}

export function makeSession(role: Role, tokens: Tokens, nowMs: number): { value: string; maxAgeS: number } {
  const endMs = nowMs + SESSION_MS;
  return { value: `${role}.${endMs}.${sign(role, endMs, tokens)}`, maxAgeS: SESSION_MS / 1000 };
}

export function roleOfSession(value: string, tokens: Tokens, nowMs: number): Role | null {
  const match = /^(viewer|operator)\.(\d{1,16})\.([A-Za-z0-9_-]{43})$/.exec(value);
  if (match === null) return null;
  const [role, endMs] = [match[1] as Role, Number(match[2])];
  return sameSecret(match[3] ?? "", sign(role, endMs, tokens)) && endMs > nowMs ? role : null;
}

function sign(role: Role, endMs: number, tokens: Tokens): string {
  return createHmac("sha256", tokens[role]).update(`hotdir page ${role} ${endMs}`).digest("base64url");
}
