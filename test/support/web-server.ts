import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

/** How the server treats a client; `{}` is honest. Read anew at each request, so that it can change in between. */
export type WebLies = {
  /** This status in place of an answer. */
  status?: number;
  /** So many bytes more (or fewer) are told than are sent. */
  lengthOff?: number;
  /** The connection is cut after so many bytes of a body. */
  cutAfter?: number;
  /** Only the first so many answers with a body are cut. */
  cuts?: number;
  redirect?: string;
  /** Neither a tag nor a date. */
  noVersion?: boolean;
  /** Only a date. */
  noTag?: boolean;
  /** Ranges are not understood. */
  noRanges?: boolean;
  /** Another tag in each answer. */
  restless?: boolean;
  /** The body ends with the connection, and nothing tells its length. */
  untilClose?: boolean;
  chunked?: boolean;
  encoding?: string;
  /** A byte at a time, so many milliseconds apart. */
  dripMs?: number;
  /** Nothing is ever answered. */
  silent?: boolean;
  /** The answer stops after so many bytes, and the connection stays. */
  stuckAfter?: number;
  /** Asked for it once more in place of a body's own. */
  flipByte?: boolean;
  noHead?: boolean;
};

export type WebServer = AsyncDisposable & {
  /** Without a slash at its end. */
  url: string;
  lies: WebLies;
  /** `METHOD path`, and the headers, as they came. */
  requests: Array<{ line: string; headers: IncomingMessage["headers"] }>;
  /** Takes no connection for a while, and ends those that are open. */
  refuse(refuses: boolean): Promise<void>;
};

/** A web server on a free port of loopback that gives the files below a directory, in the way that it is told to. */
export async function startWebServer(directory: string, tls: { key: string; cert: string } | null = null): Promise<WebServer> {
  const made: Omit<WebServer, typeof Symbol.asyncDispose | "url" | "refuse"> = { lies: {}, requests: [] };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    made.requests.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    answer(directory, made.lies, request, response);
  };
  const server: Server = tls === null ? createServer(listener) : createTlsServer(tls, listener);
  const listen = (port: number): Promise<void> => new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return Object.assign(made, {
    url: `${tls === null ? "http" : "https"}://127.0.0.1:${port}`,
    refuse: (refuses: boolean) => (refuses ? close() : listen(port)),
    [Symbol.asyncDispose]: close,
  });
}

function answer(directory: string, lies: WebLies, request: IncomingMessage, response: ServerResponse): void {
  if (lies.silent === true) return;
  if (lies.status !== undefined) return void response.writeHead(lies.status).end("no");
  if (lies.redirect !== undefined) return void response.writeHead(302, { location: lies.redirect }).end("elsewhere");
  if (lies.noHead === true && request.method === "HEAD") return void response.writeHead(405).end();
  const file = fileOf(directory, request.url ?? "/");
  if (file === null) return void response.writeHead(404).end("not here");
  const tag = `"${createHash("md5").update(file.bytes).digest("hex")}${lies.restless === true ? Math.random() : ""}"`;
  const modified = new Date(Math.floor(file.mtimeMs / 1000) * 1000).toUTCString();
  const { "if-match": match, "if-unmodified-since": since, range } = request.headers;
  if ((match !== undefined && match !== tag) || (since !== undefined && since !== modified)) return void response.writeHead(412).end();
  const start = lies.noRanges === true || range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
  const body = Buffer.from(file.bytes.subarray(start));
  if (lies.flipByte === true && body.length > 0) body[0] = body[0]! ^ 1;
  const headers = {
    ...(lies.noVersion === true ? {} : { "last-modified": modified }),
    ...(lies.noVersion === true || lies.noTag === true ? {} : { etag: tag }),
    ...(lies.encoding === undefined ? {} : { "content-encoding": lies.encoding }),
    ...(start > 0 ? { "content-range": `bytes ${start}-${file.bytes.length - 1}/${file.bytes.length}` } : {}),
    ...(lies.chunked === true || lies.untilClose === true ? {} : { "content-length": String(body.length + (lies.lengthOff ?? 0)) }),
    ...(lies.untilClose === true ? { connection: "close" } : {}),
  };
  if (lies.untilClose === true) response.useChunkedEncodingByDefault = false;
  response.writeHead(start > 0 ? 206 : 200, headers);
  if (request.method === "HEAD") return void response.end();
  void send(lies, response, body);
}

async function send(lies: WebLies, response: ServerResponse, body: Buffer): Promise<void> {
  const cut = lies.cutAfter !== undefined && (lies.cuts === undefined || lies.cuts-- > 0);
  if (cut) return void response.write(body.subarray(0, lies.cutAfter), () => response.destroy());
  if (lies.stuckAfter !== undefined) return void response.write(body.subarray(0, lies.stuckAfter));
  for (let at = 0; lies.dripMs !== undefined && at < body.length && !response.destroyed; at++) {
    response.write(body.subarray(at, at + 1));
    await new Promise((resolve) => setTimeout(resolve, lies.dripMs));
  }
  if (lies.lengthOff !== undefined && lies.lengthOff > 0) return void response.write(body, () => response.destroy());
  response.end(lies.dripMs === undefined ? body : undefined);
}

function fileOf(directory: string, url: string): { bytes: Buffer; mtimeMs: number } | null {
  const path = url
    .replace(/\?.*$/s, "")
    .replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const full = Buffer.from(`${directory}${path}`, "latin1");
  try {
    return { bytes: readFileSync(full), mtimeMs: statSync(full).mtimeMs };
  } catch {
    return null;
  }
}
