import type { Clock } from "../../kernel/clock.ts";
import { Slots } from "../../kernel/concurrency.ts";
import { HotdirError, never } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { connectSftp } from "../send/ssh/connect.ts";
import { type BaseUrl, readBaseUrl, serverOf } from "./base-url.ts";
import type { Origin, OriginAway, OriginSet } from "./contract.ts";
import { FileOrigin } from "./file-origin.ts";
import { type Authorize, HttpClient } from "./http-client.ts";
import { HttpOrigin, type Validators } from "./http-origin.ts";
import { SftpHost } from "./sftp-host.ts";
import { SftpOrigin } from "./sftp-origin.ts";

/** Hosts with open connections at once: who publishes messages chooses them, and must not choose how many. */
const HOSTS_MAX = 32;
/** Web servers that files are under way from at once, and files of each. */
const HTTP_FILES_MAX = 32;
const IDLE_MS = 30_000;
const LOOK_EVERY_MS = 10_000;

export type OriginsOptions = {
  /** The ssh command. */
  ssh: string[];
  authorize: Authorize;
  clock: Clock;
  log: Log;
  /** A host answers again, after it did not: what waits for it need not wait longer. */
  back: () => void;
  /** For `https:`; null: the system's authorities. */
  ca?: string | null;
  /** How long nothing may come while something is waited for. */
  stallMs?: number;
};

/** All places that one flow fetches from. */
export class Origins implements OriginSet {
  readonly #options: OriginsOptions;
  readonly #hosts = new Map<string, SftpHost>();
  readonly #webSlots = new Map<string, Slots>();
  readonly #validators: Validators = new Map();
  readonly #http: HttpClient;
  readonly #tidying: NodeJS.Timeout;

  constructor(options: OriginsOptions) {
    const { authorize, clock, log, back, ca, stallMs } = options;
    this.#options = options;
    this.#http = new HttpClient({ authorize, clock, log, back, ca: ca ?? null, ...(stallMs === undefined ? {} : { stallMs }) });
    this.#tidying = setInterval(() => this.#closeIdle(IDLE_MS), LOOK_EVERY_MS).unref();
  }

  at(baseUrl: string): Origin {
    const base = readBaseUrl(baseUrl);
    switch (base.kind) {
      case "file":
        return new FileOrigin(base.directory);
      case "sftp":
        return new SftpOrigin(this.#hostOf(base), base.host, base.directory);
      case "http":
        return new HttpOrigin(base, { client: this.#http, slots: this.#slotsOf(base), validators: this.#validators });
      default:
        return never(base);
    }
  }

  away(baseUrl: string): OriginAway | null {
    const base = placeOf(baseUrl);
    switch (base?.kind) {
      case "sftp":
        return this.#hosts.get(keyOf(base))?.standoff.away ?? null;
      case "http":
        return this.#http.away(new URL(serverOf(base)).host);
      default:
        return null;
    }
  }

  #hostOf(base: BaseUrl & { kind: "sftp" }): SftpHost {
    const { host, user, port } = base;
    const key = keyOf(base);
    const known = this.#hosts.get(key);
    if (known !== undefined) return known;
    if (this.#hosts.size >= HOSTS_MAX) this.#closeIdle(0);
    if (this.#hosts.size >= HOSTS_MAX)
      throw new HotdirError("origin-unreachable", {
        operation: "fetch",
        host,
        detail: `files are fetched from ${HOSTS_MAX} others already`,
      });
    const { ssh, clock, log, back, stallMs } = this.#options;
    const made = new SftpHost({
      host,
      clock,
      log,
      back,
      connect: (signal) => connectSftp({ ssh, host, user, port, signal, log, ...(stallMs === undefined ? {} : { stallMs }) }),
    });
    this.#hosts.set(key, made);
    return made;
  }

  #slotsOf({ tls, host, port }: BaseUrl & { kind: "http" }): Slots {
    const key = `${tls ? "s" : ""}@${host}:${port ?? ""}`;
    const known = this.#webSlots.get(key);
    if (known !== undefined) return known;
    // Whoever holds the old ones goes on with them.
    if (this.#webSlots.size >= HOSTS_MAX) this.#webSlots.delete(this.#webSlots.keys().next().value!);
    const made = new Slots(HTTP_FILES_MAX);
    this.#webSlots.set(key, made);
    return made;
  }

  /** A host that is out of reach is kept for its back-off. */
  #closeIdle(idleMs: number): void {
    const before = this.#options.clock.steady() - idleMs;
    for (const [key, host] of this.#hosts) {
      if (host.busy || host.usedAtMs > before || (idleMs > 0 && host.standoff.holds)) continue;
      this.#hosts.delete(key);
      void host[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#tidying);
    this.#http[Symbol.dispose]();
    await Promise.allSettled([...this.#hosts.values()].map((host) => host[Symbol.asyncDispose]()));
    this.#hosts.clear();
  }
}

function keyOf({ host, user, port }: BaseUrl & { kind: "sftp" }): string {
  return `${user ?? ""}@${host}:${port ?? ""}`;
}

/** null: nothing can be fetched by such a URL. */
function placeOf(baseUrl: string): BaseUrl | null {
  try {
    return readBaseUrl(baseUrl);
  } catch {
    return null;
  }
}
