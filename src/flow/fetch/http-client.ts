import * as http from "node:http";
import * as https from "node:https";
import { createSecureContext, getCACertificates } from "node:tls";
import type { Clock } from "../../kernel/clock.ts";
import { HotdirError, errnoOf, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { unusable } from "./base-url.ts";
import type { OriginAway } from "./contract.ts";
import { Standoff } from "./standoff.ts";

/** Finds what to authorize a request with; null: nothing. Asked for each address, so that none is told to another host. */
export type Authorize = (url: URL) => Promise<string | null>;

export type HttpClientOptions = {
  authorize: Authorize;
  clock: Clock;
  log: Log;
  /** A server answers again, after it did not. */
  back: () => void;
  /** The only authorities that may vouch for a server; null: the system's and Node's own. */
  ca: string | null;
  /** How long nothing may come while something is waited for. */
  stallMs?: number;
};

const STALL_MS = 60_000;
const SOCKETS_PER_HOST = 32;
const SOCKETS_MAX = 128;
const IDLE_SOCKET_MS = 30_000;
const REDIRECTS_MAX = 5;
const STANDOFFS_MAX = 256;

/** HTTP requests of a flow, over connections that are kept for a while; follows redirects, and only to HTTP. */
export class HttpClient implements Disposable {
  readonly stallMs: number;
  readonly #options: HttpClientOptions;
  readonly #plain = new http.Agent(agentOptions);
  readonly #standoffs = new Map<string, Standoff>();
  #tls: https.Agent | null = null;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.stallMs = options.stallMs ?? STALL_MS;
  }

  /** The head of the answer; its body is the caller's to read or to destroy. Rejects where no answer comes. */
  async ask(method: "GET" | "HEAD", url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<http.IncomingMessage> {
    let at = url;
    for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
      const answer = await this.#askOnce(method, at, headers, signal);
      const { location } = answer.headers;
      if (![301, 302, 303, 307, 308].includes(answer.statusCode ?? 0) || location === undefined) return answer;
      answer.destroy();
      at = redirected(at, location);
    }
    throw unusable(`it leads through more than ${REDIRECTS_MAX} redirects`);
  }

  async #askOnce(method: "GET" | "HEAD", url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<http.IncomingMessage> {
    const standoff = this.#standoffOf(url.host);
    using turn = new DisposableStack();
    turn.use(standoff.enter());
    const authorization = await this.#options.authorize(url);
    const all = { ...headers, "accept-encoding": "identity", ...(authorization === null ? {} : { authorization }) };
    for (let again = true; ; again = false) {
      const asked = this.#start(method, url, all, signal);
      try {
        const answer = await asked.answer;
        standoff.succeeded();
        return answer;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        // A kept connection that the server closed at that moment says nothing of the server.
        if (again && asked.request.reusedSocket && errnoOf(error) === "ECONNRESET") continue;
        throw standoff.failed(new Error(`${url.protocol}//${url.host}: ${messageOf(error)}`, { cause: error }));
      }
    }
  }

  /** @param host with its port. */
  away(host: string): OriginAway | null {
    return this.#standoffs.get(host)?.away ?? null;
  }

  #start(
    method: string,
    url: URL,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): { request: http.ClientRequest; answer: Promise<http.IncomingMessage> } {
    const tls = url.protocol === "https:";
    // As text and not as the URL itself, whose own user and password would be sent.
    const common = { method, host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port, path: url.pathname + url.search, headers, signal };
    const request = tls ? https.request({ ...common, agent: this.#tlsAgent() }) : http.request({ ...common, agent: this.#plain });
    const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
      const late = setTimeout(() => request.destroy(new Error(`no answer within ${this.stallMs / 1000} s`)), this.stallMs);
      request.on("response", (response) => (clearTimeout(late), resolve(response)));
      request.on("error", reject);
      // The last that is told of any request, and all that is told of one that was answered in another protocol.
      request.on("close", () => (clearTimeout(late), reject(new Error("it ended without an answer"))));
    });
    request.end();
    return { request, answer };
  }

  /** Reading all authorities takes a while, so it is done once, and only where it is needed. */
  #tlsAgent(): https.Agent {
    if (this.#tls !== null) return this.#tls;
    const ca = this.#options.ca ?? [...getCACertificates("bundled"), ...getCACertificates("system")];
    this.#tls = new https.Agent({ ...agentOptions, secureContext: createSecureContext({ ca }) });
    return this.#tls;
  }

  #standoffOf(host: string): Standoff {
    const known = this.#standoffs.get(host);
    if (known !== undefined) return known;
    if (this.#standoffs.size >= STANDOFFS_MAX) this.#standoffs.delete(this.#standoffs.keys().next().value!);
    const made = new Standoff(host, this.#options);
    this.#standoffs.set(host, made);
    return made;
  }

  [Symbol.dispose](): void {
    this.#plain.destroy();
    this.#tls?.destroy();
  }
}

const agentOptions = {
  keepAlive: true,
  maxSockets: SOCKETS_PER_HOST,
  maxTotalSockets: SOCKETS_MAX,
  maxFreeSockets: 8,
  timeout: IDLE_SOCKET_MS,
} as const;

/** From https only to https: what was asked for was to come from a server that is vouched for. */
function redirected(from: URL, location: string): URL {
  const to = URL.parse(location, from.href);
  if (to === null) throw unusable("it leads to an address that is none");
  if (to.protocol !== "http:" && to.protocol !== "https:") throw unusable(`it leads to a ${to.protocol} address`);
  if (from.protocol === "https:" && to.protocol !== "https:") throw unusable("it leads from https to http");
  to.username = "";
  to.password = "";
  return to;
}

/** For errors of a body: it ended too early, or nothing came any more. */
export function lost(url: URL, detail: string, cause?: unknown): HotdirError {
  return new HotdirError("origin-cut", { operation: "fetch", host: url.host, detail, ...(cause === undefined ? {} : { cause }) });
}
