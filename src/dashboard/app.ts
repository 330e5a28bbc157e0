import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { setCookie } from "hono/cookie";
import { errnoOf } from "../kernel/errors.ts";
import { type Asset, assetResponse } from "./assets.ts";
import { asking, pathAsked, understand } from "./asking.ts";
import { type EventHub, eventText } from "./events.ts";
import { checkHost, checkOrigin, type Env, operatorOnly, roleOf, securityHeaders, signedIn } from "./guard.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Asked } from "./messages.ts";
import { Refusal } from "./refusal.ts";
import { makeSession, sessionName } from "./session.ts";
import { roleOfToken, type Tokens } from "./tokens.ts";

const BODY_BYTES_MAX = 64 * 1024;
/** The daemon's thread does nothing else meanwhile, so not too many in one request. */
const RETRY_AT_ONCE = 2000;

export type AppParts = {
  knowledge: Knowledge;
  events: EventHub;
  assets: ReadonlyMap<string, Asset>;
  /** null: whoever gets here may do everything. */
  tokens: Tokens | null;
  /** By which browsers may ask. */
  hosts: ReadonlySet<string>;
  /** The daemon's own answer. Rejects with a `Refusal`. */
  ask: (asked: Asked) => Promise<unknown>;
  fault: (error: unknown) => void;
};

/** Everything that is answered, and to whom. */
export function makeApp(parts: AppParts): Hono<Env> {
  const app = new Hono<Env>();
  app.use(securityHeaders());
  app.use(checkHost(parts.hosts));
  app.use(
    bodyLimit({
      maxSize: BODY_BYTES_MAX,
      onError: () => {
        throw new Refusal("too-large", `${BODY_BYTES_MAX} bytes at most`);
      },
    }),
  );
  app.onError((error) => {
    if (error instanceof Refusal) return error.response();
    // Who went in the middle of his request made no fault of ours.
    if (errnoOf(error) === "ECONNRESET") return new Refusal("bad-request", "it ended too early").response();
    parts.fault(error);
    return new Refusal("internal").response();
  });
  app.notFound((c) => new Refusal(c.req.method === "GET" || c.req.method === "HEAD" ? "not-found" : "wrong-method").response());
  signing(app, parts);
  app.use("/api/*", signedIn(parts.tokens));
  app.use("/metrics", signedIn(parts.tokens));
  looking(app, parts);
  acting(app, parts);
  for (const [path, asset] of parts.assets) app.get(path, (c) => assetResponse(asset, c.req.raw));
  return app;
}

function signing(app: Hono<Env>, { tokens, assets }: AppParts): void {
  // By which a page that is open notices that another version of the program serves it.
  const build = assets.get("/")?.tag ?? "";
  app.get("/api/session", (c) => {
    const who = roleOf(c, tokens);
    // That nobody is signed in is an answer, not a refusal.
    return c.json({ role: who?.role ?? null, by: who?.by ?? null, build });
  });
  app.post("/api/login", async (c) => {
    checkOrigin(c, false);
    const { token } = understand(asking.login, await bodyOf(c.req.raw));
    const role = tokens === null ? "operator" : roleOfToken(token.trim(), tokens);
    if (role === null) throw new Refusal("not-signed-in", "this is neither of the two tokens");
    if (tokens !== null) {
      const { value, maxAgeS } = makeSession(role, tokens, Date.now());
      setCookie(c, sessionName(tokens), value, { httpOnly: true, sameSite: "Strict", path: "/", maxAge: maxAgeS });
    }
    return c.json({ role, by: "session", build });
  });
  app.post("/api/logout", (c) => {
    checkOrigin(c, false);
    if (tokens !== null) setCookie(c, sessionName(tokens), "", { httpOnly: true, sameSite: "Strict", path: "/", maxAge: 0 });
    return c.json({});
  });
}

function looking(app: Hono<Env>, { knowledge, events, ask }: AppParts): void {
  app.get("/api/status", (c) => {
    understand(asking.nothing, c.req.query());
    return c.json(knowledge.status());
  });
  app.get("/api/events", (c) => {
    // Nobody reads the events of a HEAD, so it would keep a watcher's place for nothing.
    if (c.req.method !== "GET") throw new Refusal("wrong-method");
    return events.open(eventText("status", knowledge.status()), c.req.raw.signal);
  });
  app.get("/api/throughput", (c) => {
    const { flow, span } = understand(asking.throughput, c.req.query());
    return c.json(knowledge.throughput(flow, span));
  });
  app.get("/api/queue", (c) => {
    understand(asking.nothing, c.req.query());
    return c.json(knowledge.queue());
  });
  app.get("/api/dead", (c) => c.json(knowledge.dead(understand(asking.dead, c.req.query()).before ?? null)));
  app.get("/api/search", (c) => c.json(knowledge.search(understand(asking.search, c.req.query()).q)));
  app.get("/api/explain", (c) => {
    const asked = understand(asking.explain, c.req.query());
    return c.json(knowledge.explain(asked.flow, pathAsked(asked)));
  });
  app.get("/api/tally", (c) => {
    const { flow, days } = understand(asking.tally, c.req.query());
    return c.json(knowledge.tally(flow ?? null, days));
  });
  app.get("/metrics", async () => {
    const text = await ask({ ask: "metrics" });
    if (typeof text !== "string") throw new Refusal("not-found", "no metrics are kept");
    return new Response(text, { headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" } });
  });
}

function acting(app: Hono<Env>, { knowledge, ask }: AppParts): void {
  app.post("/api/retry", operatorOnly(), async (c) => {
    const asked = understand(asking.retry, await bodyOf(c.req.raw));
    let revived = 0;
    for (const ids of "ids" in asked ? [asked.ids] : knowledge.deadOf(asked.flow, RETRY_AT_ONCE))
      revived += ((await ask({ ask: "retry", ids })) as { revived: number }).revived;
    return c.json({ revived });
  });
  for (const what of ["pause", "resume"] as const) {
    app.post(`/api/${what}`, operatorOnly(), async (c) => {
      const { flow } = understand(asking.flow, await bodyOf(c.req.raw));
      await ask({ ask: what, flow: knowledge.flow(flow).name });
      return c.json({});
    });
  }
}

/** Only what a page of another site cannot send without being asked: JSON, and nothing that a form makes. */
async function bodyOf(request: Request): Promise<unknown> {
  if (!/^application\/json\b/i.test(request.headers.get("content-type") ?? "")) throw new Refusal("not-json");
  const text = await request.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("bad-request", "the body is no JSON");
  }
}
