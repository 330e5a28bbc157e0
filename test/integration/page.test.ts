import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { type ClientRequest, get } from "node:http";
import { connect, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, type Call, type Called, freePort, makePageWorld, type PageWorld, refusalOf } from "../support/page-world.ts";
import { waitUntil } from "../support/waiting.ts";

/** The page's server in a real daemon. What the browser makes of it is in test/browser. */
describe("a daemon with a page", () => {
  let world: PageWorld;
  let address: string;
  const ask = (path: string, how: Call = {}): Promise<Called> => call(address, path, { token: world.token("operator"), ...how });

  beforeAll(async () => {
    world = await makePageWorld();
    // A directory where the file should be: a dead letter after one attempt.
    mkdirSync(`${world.destination}/in-the-way/x`, { recursive: true });
    writeFileSync(`${world.source}/in-the-way`, "file");
    writeFileSync(`${world.source}/a.nc`, "content");
    world.hotdir.start();
    address = await world.address();
    await world.hotdir.waitFor(
      "a delivery and a dead letter",
      ({ flows: [flow] }) => flow?.counts.delivered === 1 && flow.counts.dead === 1,
    );
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** Whatever was refused: nothing moved. */
  async function expectUnchanged(): Promise<void> {
    const [letter] = (JSON.parse((await ask("/api/dead")).text) as { letters: Array<{ path: string; attempts: number }> }).letters;
    expect(letter).toMatchObject({ path: "in-the-way", attempts: 1 });
    expect((await world.hotdir.status()).flows[0]?.state).toBe("running");
  }

  test("is where the configuration says, with tokens that only its user can read", () => {
    expect(address).toBe(`http://${world.listen}/`);
    for (const file of ["page-token", "page-operator-token"]) {
      expect(statSync(`${world.path}/state/${file}`).mode & 0o777).toBe(0o600);
      expect(readFileSync(`${world.path}/state/${file}`, "utf8")).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
    }
    expect(world.token("viewer")).not.toBe(world.token("operator"));
  });

  test("no token is in the log", async () => {
    await ask("/api/status");
    for (const role of ["viewer", "operator"] as const) expect(world.hotdir.log()).not.toContain(world.token(role));
  });

  test("tells the same as the command line", async () => {
    const page = JSON.parse((await ask("/api/status")).text) as Record<string, unknown>;
    const cli = JSON.parse((await world.hotdir.ask("status", "--json")).stdout) as Record<string, unknown>;
    const steady = (facts: Record<string, unknown>): unknown =>
      JSON.parse(
        JSON.stringify(facts, (key, value: unknown) =>
          ["at", "supervisor", "resident_bytes", "rate", "lanes", "freshness_s"].includes(key) ? undefined : value,
        ),
      );
    expect(steady(page)).toEqual(steady(cli));
    const story = JSON.parse((await ask("/api/explain?flow=hot&path=a.nc")).text) as object;
    expect([story]).toEqual(JSON.parse((await world.hotdir.ask("explain", "a.nc", "--json")).stdout));
  });

  test("finds a file by the beginning of its path, absolute too, and by its name", async () => {
    for (const q of ["a.", `${world.source}/a`, ".nc"])
      expect(JSON.parse((await ask(`/api/search?q=${encodeURIComponent(q)}`)).text), q).toMatchObject({
        found: [{ path: "a.nc", state: "delivered" }],
      });
    expect(JSON.parse((await ask("/api/search?q=zzz")).text)).toMatchObject({ found: [] });
  });

  test("tells the queue, the throughput and the days", async () => {
    expect(JSON.parse((await ask("/api/queue")).text)).toMatchObject({ flows: [{ flow: "hot", waiting: 0, counted: { files: 0 } }] });
    for (const span of ["15m", "1d", "1w", "4w"]) {
      const plot = JSON.parse((await ask(`/api/throughput?flow=hot&span=${span}`)).text) as { at: number[]; bytes_per_s: number[] };
      expect(plot.at.length, span).toBe(plot.bytes_per_s.length);
      expect(plot.at, span).toEqual([...new Set(plot.at)].sort((a, b) => a - b));
    }
    const { days } = JSON.parse((await ask("/api/tally?days=3")).text) as { days: Array<{ delivered: number }> };
    expect(days).toHaveLength(3);
    expect(days.at(-1)).toMatchObject({ delivered: 1, bytes: 7 });
  });

  test.each([
    ["no token", {}],
    ["a wrong token", { token: "x".repeat(43) }],
    ["a token in the address", { query: true }],
    ["an empty one", { headers: { Authorization: "Bearer " } }],
    ["another scheme", { headers: { Authorization: "Basic eDp5" } }],
    ["a cookie that somebody made", { headers: { Cookie: "hotdir_000000000000=operator.9999999999999.x" } }],
  ])("%s is refused everywhere", async (_name, how: Call & { query?: boolean }) => {
    for (const path of [
      "/api/status",
      "/api/events",
      "/api/queue",
      "/api/dead",
      "/api/search?q=a",
      "/api/explain?flow=hot&path=a.nc",
      "/metrics",
      "/api/none",
    ]) {
      const asked = how.query === true ? `${path}${path.includes("?") ? "&" : "?"}token=${world.token("operator")}` : path;
      const answer = await call(address, asked, how);
      expect([answer.status, refusalOf(answer)], path).toEqual([401, "not-signed-in"]);
    }
    const answer = await call(address, "/api/retry", { ...how, body: { flow: "hot", all: true } });
    expect([answer.status, refusalOf(answer)]).toEqual([401, "not-signed-in"]);
    await expectUnchanged();
  });

  test("a viewer looks, and changes nothing", async () => {
    const token = world.token("viewer");
    expect((await call(address, "/api/dead", { token })).status).toBe(200);
    for (const [path, body] of [
      ["/api/retry", { flow: "hot", all: true }],
      ["/api/pause", { flow: "hot" }],
      ["/api/resume", { flow: "hot" }],
    ] as const) {
      const answer = await call(address, path, { token, body });
      expect([answer.status, refusalOf(answer)], path).toEqual([403, "not-allowed"]);
    }
    await expectUnchanged();
  });

  test("another site's request is refused, however it is signed in", async () => {
    const body = { flow: "hot", all: true };
    const cookie = await signIn("operator");
    const foreign: Array<Record<string, string>> = [
      { Origin: "https://evil.example" },
      { Origin: "null" },
      { Origin: address.replace(/:\d+\/$/, ":1") },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site", Origin: new URL(address).origin },
    ];
    for (const headers of foreign) {
      for (const how of [{ token: world.token("operator"), headers }, { headers: { ...headers, Cookie: cookie } }]) {
        const answer = await call(address, "/api/retry", { ...how, body });
        expect([answer.status, refusalOf(answer)], JSON.stringify(headers)).toEqual([403, "other-origin"]);
      }
      const login = await call(address, "/api/login", {
        headers,
        body: { token: world.token("operator") },
      });
      expect(login.status).toBe(403);
      expect(login.headers["set-cookie"]).toBeUndefined();
    }
    const nameless = await call(address, "/api/retry", { headers: { Cookie: cookie }, body });
    expect([nameless.status, refusalOf(nameless)]).toEqual([403, "other-origin"]);
    await expectUnchanged();
  });

  test("a name that was made to point here is refused; localhost and any forwarded port are not", async () => {
    for (const Host of ["evil.example", "evil.example:8642", "127.0.0.1.evil.example"]) {
      const answer = await ask("/api/status", { headers: { Host } });
      expect([answer.status, refusalOf(answer)], Host).toEqual([421, "other-host"]);
    }
    for (const Host of ["localhost", "localhost:9000", "LOCALHOST:9000", "127.0.0.1", "[::1]:9000"])
      expect((await ask("/api/status", { headers: { Host } })).status, Host).toBe(200);
  });

  test("a session is a cookie that no script can read and other sites do not send, without the token in it", async () => {
    const answer = await call(address, "/api/login", { body: { token: world.token("viewer") } });
    const set = String(answer.headers["set-cookie"]);
    expect(set).toMatch(/^hotdir_[0-9a-f]{12}=.*; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(set).not.toContain(world.token("viewer"));
    const headers = { Cookie: set.split(";")[0] ?? "" };
    expect(JSON.parse((await call(address, "/api/session", { headers })).text)).toMatchObject({ role: "viewer", by: "session" });
    expect((await call(address, "/api/status", { headers })).status).toBe(200);
    const forged = { Cookie: headers.Cookie.replace("=viewer.", "=operator.") };
    expect((await call(address, "/api/status", { headers: forged })).status).toBe(401);
    expect((await call(address, "/api/login", { body: { token: "wrong" } })).status).toBe(401);
  });

  test.each([
    ["no JSON", "{", {}, 400, "bad-request"],
    ["nothing", "", {}, 400, "bad-request"],
    ["another type", '{"flow":"hot","all":true}', { "Content-Type": "text/plain" }, 415, "not-json"],
    ["a form", "flow=hot&all=true", { "Content-Type": "application/x-www-form-urlencoded" }, 415, "not-json"],
    ["an unknown key", '{"flow":"hot","all":true,"force":true}', {}, 400, "bad-request"],
    ["an id that is none", '{"ids":["1; DROP TABLE transfer"]}', {}, 400, "bad-request"],
    ["no ids", '{"ids":[]}', {}, 400, "bad-request"],
    ["a flow that is none", '{"flow":"other","all":true}', {}, 404, "not-found"],
    ["too much", JSON.stringify({ ids: Array.from({ length: 60_000 }, () => 1) }), {}, 413, "too-large"],
    [
      "too much, said to be little",
      JSON.stringify({ ids: [1], more: "x".repeat(200_000) }),
      { "Transfer-Encoding": "chunked" },
      413,
      "too-large",
    ],
  ])("a body of %s is refused", async (_name, body, headers, status, code) => {
    const answer = await ask("/api/retry", { method: "POST", body, headers });
    expect([answer.status, refusalOf(answer)]).toEqual([status, code]);
    await expectUnchanged();
  });

  test.each([
    "/../../../../etc/passwd",
    "/assets/../../../../../../etc/passwd",
    "/..%2f..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/assets/..\\..\\..\\etc\\passwd",
    "//etc/passwd",
    "/index.html/../../package.json",
    "/assets/%00",
  ])("%s leads nowhere", async (path) => {
    const answer = await ask(path);
    expect([400, 404]).toContain(answer.status);
    expect(["bad-request", "not-found"]).toContain(refusalOf(answer));
  });

  test.each(["../a.nc", "a/../../b", "/etc/passwd", "a//b", "."])(
    "the story of %s is not told: it is no path of a source",
    async (path) => {
      const answer = await ask(`/api/explain?flow=hot&path=${encodeURIComponent(path)}`);
      expect([answer.status, refusalOf(answer)]).toEqual([400, "bad-request"]);
    },
  );

  test("another method, an unknown question and no HTTP at all get an answer too", async () => {
    for (const [method, path, status] of [
      ["DELETE", "/api/dead", 405],
      ["PUT", "/api/retry", 405],
      ["GET", "/api/none", 404],
      ["GET", "/api/dead?before=x", 400],
      ["GET", "/api/search?q=", 400],
      ["GET", "/api/status?x=1", 400],
    ] as const)
      expect((await ask(path, { method })).status, `${method} ${path}`).toBe(status);
    expect((await ask("/api/status", { headers: { Host: "localhost@evil" } })).status).toBe(400);
    const socket = connect(Number(new URL(address).port), "127.0.0.1");
    socket.write("\x16\x03\x01 is no HTTP\r\n\r\n");
    let text = "";
    socket.on("data", (piece: Buffer) => (text += piece.toString()));
    await once(socket, "close");
    expect(text).toMatch(/^HTTP\/1\.1 400 [^]*"code":"bad-request"/);
    expect((await ask("/api/status", { headers: { "X-Long": "x".repeat(20_000) } })).status).toBe(400);
  });

  test("every answer says what a browser may do with it", async () => {
    for (const path of ["/", "/api/status", "/api/none", "/metrics"]) {
      const { headers } = await ask(path);
      expect(headers["content-security-policy"], path).toMatch(
        /default-src 'none'; script-src 'self'; style-src 'self';.*frame-ancestors 'none'/,
      );
      expect(headers, path).toMatchObject({
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
      });
      expect(headers["cache-control"], path).toBe(path === "/" ? "no-cache" : "no-store");
    }
    expect((await call(address, "/")).text).not.toMatch(/<script>|<style|style=|onclick/);
  });

  test("so many may watch and no more, and one that went makes room", async () => {
    const watchers: ClientRequest[] = [];
    const watch = async (): Promise<number> => {
      const request = get(`${address}api/events`, { headers: { Authorization: `Bearer ${world.token("viewer")}` } });
      request.on("error", () => undefined);
      const [answer] = (await once(request, "response")) as [{ statusCode: number; resume: () => void }];
      answer.resume();
      if (answer.statusCode === 200) watchers.push(request);
      else request.destroy();
      return answer.statusCode;
    };
    for (let at = 0; at < 32; at++) expect(await watch()).toBe(200);
    expect(await watch()).toBe(503);
    expect((await ask("/api/status")).status).toBe(200);
    watchers.pop()?.destroy();
    await waitUntil("there is room again", async () => (await watch()) === 200, { everyMs: 200 });
    for (const request of watchers) request.destroy();
  });

  async function signIn(role: "viewer" | "operator"): Promise<string> {
    const answer = await call(address, "/api/login", { body: { token: world.token(role) } });
    return String(answer.headers["set-cookie"]).split(";")[0] ?? "";
  }

  test("an operator requeues, pauses and resumes", async () => {
    const origin = new URL(address).origin;
    const headers = { Cookie: await signIn("operator"), Origin: origin };
    expect((await call(address, "/api/pause", { headers, body: { flow: "hot" } })).status).toBe(200);
    expect((await world.hotdir.status()).flows[0]?.state).toBe("paused");
    expect((await call(address, "/api/resume", { headers, body: { flow: "hot" } })).status).toBe(200);
    expect((await world.hotdir.status()).flows[0]?.state).toBe("running");
    const again = await call(address, "/api/retry", { headers, body: { flow: "hot", all: true } });
    expect(JSON.parse(again.text)).toEqual({ revived: 1 });
    await waitUntil("it was tried again", async () => (await ask("/api/dead")).text.includes('"attempts":2'), {
      explain: () => world.hotdir.log(),
    });
  });
});

test("a taken port is no reason not to run: the next free one is", { timeout: 60_000 }, async () => {
  const port = await freePort();
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  await using world = await makePageWorld({ page: () => ({ listen: `127.0.0.1:${port}` }) });
  world.hotdir.start();
  const taken = Number(new URL(await world.address()).port);
  expect(taken).toBeGreaterThan(port);
  expect(taken).toBeLessThan(port + 10);
  server.close();
});

test("where no page can be served the flows run without it, and the log says so", { timeout: 60_000 }, async () => {
  await using world = await makePageWorld({ page: (path) => ({ listen: `unix:${path}/none/page.sock` }) });
  writeFileSync(`${world.source}/a`, "content");
  world.hotdir.start();
  await world.hotdir.waitFor("it is delivered", ({ flows: [flow] }) => flow?.counts.delivered === 1);
  expect(world.hotdir.log()).toMatch(/the page did not start, and the flows run without it: .*none/);
  expect(JSON.parse((await world.hotdir.ask("status", "--json")).stdout)).toMatchObject({
    daemon: { running: true, page: null, metrics: null },
  });
});

test(
  "a UNIX socket needs no token, and only its user can open it; one that a killed daemon left is replaced",
  { timeout: 60_000 },
  async () => {
    await using world = await makePageWorld({ page: (path) => ({ listen: `unix:${path}/${"long-".repeat(20)}/page.sock` }) });
    mkdirSync(`${world.path}/${"long-".repeat(20)}`);
    const path = world.listen.slice("unix:".length);
    for (const life of [1, 2]) {
      world.hotdir.start();
      expect(await world.address(), `life ${life}`).toBe(world.listen);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const status = await callLong(path, "/api/session");
      expect(JSON.parse(status.text)).toMatchObject({ role: "operator", by: "socket" });
      expect(JSON.parse((await callLong(path, "/api/pause", { body: { flow: "hot" } })).text)).toEqual({});
      expect((await callLong(path, "/api/resume", { body: { flow: "hot" }, headers: { Origin: "https://evil.example" } })).status).toBe(
        403,
      );
      expect((await callLong(path, "/api/status", { headers: { Host: "evil.example" } })).status).toBe(421);
      await world.hotdir.killHard();
      expect(existsSync(path)).toBe(true);
    }
    expect(existsSync(`${world.path}/state/page-token`)).toBe(false);
    // Somebody's file is not ours to remove.
    world.hotdir.start();
    await world.address();
    await world.hotdir.stop();
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, "precious");
    world.hotdir.start();
    await waitUntil("the log says so", () => /did not start.*is no socket/.test(world.hotdir.log()));
    expect(readFileSync(path, "utf8")).toBe("precious");
  },
);

/** A socket's address holds 107 bytes. */
async function callLong(path: string, question: string, how: Call = {}): Promise<Called> {
  const short = mkdtempSync("/tmp/hotdir-test-");
  try {
    symlinkSync(path, `${short}/s`);
    return await call(`unix:${short}/s`, question, how);
  } finally {
    rmSync(short, { recursive: true });
  }
}
