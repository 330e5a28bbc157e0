import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { once } from "node:events";
import { Hotdir } from "./daemon.ts";
import { makeTemporary } from "./temporary.ts";
import { waitUntil } from "./waiting.ts";

/** A daemon that serves the page, with one local flow; `listen` is where it was told to. */
export type PageWorld = AsyncDisposable & {
  readonly path: string;
  readonly source: string;
  readonly destination: string;
  readonly hotdir: Hotdir;
  readonly listen: string;
  /** Where it is, by its own word; waits until it is there. */
  address: () => Promise<string>;
  token: (role: "viewer" | "operator") => string;
};

export async function makePageWorld(options: { page?: (path: string) => object; flow?: object } = {}): Promise<PageWorld> {
  await using undo = new AsyncDisposableStack();
  const { path } = undo.use(await makeTemporary());
  const [source, destination] = [`${path}/source`, `${path}/destination`];
  for (const directory of [source, destination, `${path}/home`]) mkdirSync(directory);
  const page = options.page?.(path) ?? { listen: `127.0.0.1:${await freePort()}` };
  const flow = {
    source: { directory: source, rescan: "10m", propagate: ["put", "rename", "link"] },
    destination: { url: `file:${destination}` },
    retry: { attempts: 1, backoff: "20ms..50ms" },
    ...options.flow,
  };
  writeFileSync(`${path}/hotdir.yaml`, JSON.stringify({ page, flows: { hot: flow } }, null, 2));
  const hotdir = new Hotdir({
    configFile: `${path}/hotdir.yaml`,
    stateDirectory: `${path}/state`,
    home: `${path}/home`,
    logFile: `${path}/log`,
  });
  undo.defer(() => hotdir.killHard());
  const held = undo.move();
  return {
    path,
    source,
    destination,
    hotdir,
    listen: (page as { listen: string }).listen,
    address: () =>
      waitUntil("the page has an address", async () => pageOf(await hotdir.ask("status", "--json")), { explain: () => hotdir.log() }),
    token: (role) => readFileSync(`${path}/state/${role === "viewer" ? "page-token" : "page-operator-token"}`, "utf8").trim(),
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}

function pageOf({ stdout }: { stdout: string }): string | null {
  return (JSON.parse(stdout) as { daemon: { page: string | null } }).daemon.page;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export type Call = { method?: string; token?: string; headers?: Record<string, string>; body?: unknown; socketPath?: string };
export type Called = { status: number; headers: Record<string, string | string[] | undefined>; text: string };

/** One request with nothing added that was not asked for, as no browser and no `fetch` would send it. `path` goes out as it is. */
export function call(address: string, path: string, how: Call = {}): Promise<Called> {
  const { hostname, port } = new URL(address.startsWith("unix:") ? "http://localhost/" : address);
  const body = how.body === undefined ? null : typeof how.body === "string" ? how.body : JSON.stringify(how.body);
  const headers = {
    ...(how.token === undefined ? {} : { Authorization: `Bearer ${how.token}` }),
    ...(body === null
      ? {}
      : {
          "Content-Type": "application/json",
          ...(how.headers?.["Transfer-Encoding"] === undefined ? { "Content-Length": String(Buffer.byteLength(body)) } : {}),
        }),
    ...how.headers,
  };
  const to = address.startsWith("unix:") ? { socketPath: address.slice("unix:".length) } : { host: hostname, port };
  return new Promise((resolve, reject) => {
    const asked = request({ ...to, path, method: how.method ?? (body === null ? "GET" : "POST"), headers, timeout: 20_000 }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      answer.on("error", reject);
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer to ${path}`)));
    asked.on("error", reject);
    asked.end(body ?? undefined);
  });
}

/** The code of a refusal. */
export function refusalOf({ text }: Called): string {
  return (JSON.parse(text) as { error: { code: string; message: string } }).error.code;
}
