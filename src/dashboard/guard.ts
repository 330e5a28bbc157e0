import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { Refusal } from "./refusal.ts";
import { roleOfSession, sessionName } from "./session.ts";
import { type Role, roleOfToken, type Tokens } from "./tokens.ts";

/** Who asks, as the routes see it. */
export type Env = { Variables: { role: Role } };

/** No script but our own runs here, nobody frames it, and nothing is kept by caches. */
const headers: Record<string, string> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
};

export function securityHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
    if (!c.res.headers.has("Cache-Control")) c.res.headers.set("Cache-Control", "no-store");
  };
}

/**
 * A page of another name that was made to point at this machine (DNS rebinding) sends its own name. Any port is right:
 * `ssh -L` chooses one.
 */
export function checkHost(names: ReadonlySet<string>): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header("host") ?? "";
    const name = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i.exec(host)?.[1]?.toLowerCase();
    if (name === undefined || !names.has(name)) throw new Refusal("other-host", "page.hosts of the configuration lists more names");
    await next();
  };
}

/** Who the request comes from; null: nobody known. */
export function roleOf(c: Context, tokens: Tokens | null): { role: Role; by: "socket" | "token" | "session" } | null {
  if (tokens === null) return { role: "operator", by: "socket" };
  const authorization = c.req.header("authorization");
  if (authorization !== undefined) {
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    const role = token === undefined ? null : roleOfToken(token, tokens);
    return role === null ? null : { role, by: "token" };
  }
  const role = roleOfSession(getCookie(c, sessionName(tokens)) ?? "", tokens, Date.now());
  return role === null ? null : { role, by: "session" };
}

export function signedIn(tokens: Tokens | null): MiddlewareHandler<Env> {
  return async (c, next) => {
    const who = roleOf(c, tokens);
    if (who === null) throw new Refusal("not-signed-in");
    if (c.req.method !== "GET") checkOrigin(c, who.by === "session");
    c.set("role", who.role);
    await next();
  };
}

export function operatorOnly(): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (c.get("role") !== "operator") throw new Refusal("not-allowed");
    await next();
  };
}

/** A browser says for which site it sends a change; other programs say nothing, and carry no cookie that another site could use. */
export function checkOrigin(c: Context, needed: boolean): void {
  const origin = c.req.header("origin");
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin") throw new Refusal("other-origin");
  if (origin === undefined) {
    if (needed && site === undefined) throw new Refusal("other-origin", "the browser did not say for which site");
    return;
  }
  if (!URL.canParse(origin) || new URL(origin).host !== c.req.header("host")?.toLowerCase()) throw new Refusal("other-origin");
}
