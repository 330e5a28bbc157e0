import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { outgoing } from "../../src/broker/messages/outgoing.ts";
import type { Announced, Bus } from "../../src/flow/bus.ts";
import { Flow } from "../../src/flow/flow.ts";
import { beginRun } from "../../src/flow/ledger/claims.ts";
import { type Database, openForWriting } from "../../src/flow/ledger/database.ts";
import type { FlowSettings, SubscribedSource } from "../../src/flow/settings.ts";
import type { Change } from "../../src/flow/transfer.ts";
import { versionOf } from "../../src/flow/version.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { type AbsPath, bytesOfText, relPath } from "../../src/kernel/path.ts";
import { publishSettings, subscribedSource, subscriptionSettings } from "./bus-settings.ts";
import { flowSettings } from "./ledger.ts";
import { MemoryBroker, type MemoryBus } from "./memory-bus.ts";
import { makeTemporary, type Temporary } from "./temporary.ts";
import { waitUntil } from "./waiting.ts";

/** One host: its ledger, its flow, its connection. */
export type Host = { name: string; db: Database; flow: Flow; bus: Bus & MemoryBus };

/** Several hosts that share one queue, one source and one destination, each with a ledger of its own. */
export class SubscribedHosts implements AsyncDisposable {
  readonly broker = new MemoryBroker();
  readonly source: string;
  readonly destination: string;
  readonly hosts: Host[] = [];
  readonly #temporary: Temporary;
  readonly #changes: Partial<SubscribedSource>;
  readonly #settings: Partial<Omit<FlowSettings, "source">>;
  #pubTimeNs = BigInt(Date.now()) * 1_000_000n;
  #broken: Error | null = null;

  constructor(temporary: Temporary, changes: Partial<SubscribedSource>, settings: Partial<Omit<FlowSettings, "source">>) {
    this.#temporary = temporary;
    this.#changes = changes;
    this.#settings = settings;
    this.source = join(temporary.path, "source");
    this.destination = join(temporary.path, "destination");
    const { exchange, queue } = subscriptionSettings();
    this.broker.bind(exchange, this.broker.queue(queue));
    mkdirSync(this.source);
    mkdirSync(this.destination);
  }

  /** A host with this name comes, or comes back: its ledger is kept. */
  start(name: string): Host {
    const directory = join(this.#temporary.path, name);
    mkdirSync(directory, { recursive: true });
    const db = openForWriting(directory);
    const clock = systemClock();
    const bus = this.broker.bus();
    const settings = this.settings();
    const flow = new Flow({
      settings,
      db,
      run: beginRun(db, process.pid, { wall: clock.wall(), steady: clock.steady() }),
      clock,
      log: silentLog,
      bus,
      all: () => [],
      observers: [],
      changed: () => undefined,
      broken: (error) => (this.#broken ??= error as Error),
    });
    flow.start();
    const host = { name, db, flow, bus };
    this.hosts.push(host);
    return host;
  }

  settings(): FlowSettings {
    const root = bytesOfText(this.source) as AbsPath;
    const base = flowSettings({ retry: { attemptsMax: 8, backoff: { minMs: 20, maxMs: 400 } }, historyMs: 1e9 });
    const place = { kind: "file" as const, directory: bytesOfText(this.destination) as AbsPath };
    return {
      ...base,
      destination: { ...base.destination, place },
      ...this.#settings,
      source: subscribedSource(root, this.#changes),
    };
  }

  /** In order: what is being sent ends. */
  async stop(host: Host): Promise<void> {
    this.hosts.splice(this.hosts.indexOf(host), 1);
    await host.flow[Symbol.asyncDispose]();
    await host.bus[Symbol.asyncDispose]();
    host.db[Symbol.dispose]();
  }

  /** The connection goes, and nothing is taken or answered any more; what is written to the ledger stays. */
  async kill(host: Host): Promise<void> {
    this.hosts.splice(this.hosts.indexOf(host), 1);
    host.bus.kill();
    await host.flow[Symbol.asyncDispose]();
    host.db[Symbol.dispose]();
  }

  /** As a watch announces it: after it happened. */
  tell(change: Change, more: Partial<Announced> = {}): void {
    this.#pubTimeNs += 1_000_000n;
    const announced: Announced = {
      change,
      digest: null,
      pubTimeNs: this.#pubTimeNs,
      baseUrl: `file:${this.source}`,
      content: null,
      passedOn: null,
      preserve: { mode: true, mtime: true },
      ...more,
    };
    const message = outgoing(announced, publishSettings(), "ada");
    if (!message.ok) throw new Error(message.detail);
    this.broker.publish(message.exchange, message.body);
  }

  /** As a watch tells it, of what is under its new name by then. */
  renamed(from: string, path: string): Change {
    const there = this.seen(path);
    const version = there.kind === "put" ? there.version : null;
    const mode = "mode" in there ? there.mode : 0o644;
    const at = { path: relPath(bytesOfText(path)), from: relPath(bytesOfText(from)) };
    return { kind: "rename", ...at, directory: there.kind === "mkdir", version, mode };
  }

  /** The change that a look at a path of the source finds. */
  seen(path: string): Change {
    const at = relPath(bytesOfText(path));
    const stat = lstatSync(join(this.source, path), { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return { kind: "delete", path: at };
    const version = versionOf(stat);
    if (stat.isDirectory()) return { kind: "mkdir", path: at, mode: Number(stat.mode) & 0o7777 };
    if (stat.isSymbolicLink()) return { kind: "link", path: at, version, target: bytesOfText(readlinkSync(join(this.source, path))) };
    return { kind: "put", path: at, version, mode: Number(stat.mode) & 0o7777, links: 1 };
  }

  /** Until every message is answered and every transfer has ended. */
  async untilQuiet(timeoutMs = 30_000): Promise<void> {
    await waitUntil(
      "nothing is under way any more",
      () => {
        if (this.#broken !== null) throw this.#broken;
        return this.broker.open === 0 && this.hosts.every(({ flow }) => flow.waiting === 0 && flow.pump.underWay === 0);
      },
      { timeoutMs, everyMs: 5, explain: () => this.#explain() },
    );
  }

  /** All that every ledger knows, for a person. */
  story(): string {
    const rows = this.hosts.map(({ name, db }) => ({
      name,
      transfers: db
        .all(
          "SELECT id, kind, CAST(path AS TEXT) AS path, CAST(from_path AS TEXT) AS f, state, seen_at, ended_at, method, adopt, reason FROM transfer",
        )
        .map((row) => Object.values(row).join(" | ")),
    }));
    return JSON.stringify(rows, null, 1);
  }

  #explain(): string {
    const open = this.hosts.map(({ name, db, flow }) => ({
      name,
      state: flow.state,
      open: db.all("SELECT id, kind, CAST(path AS TEXT) AS path, state, attempt, failures, reason FROM transfer WHERE ended_at IS NULL"),
    }));
    return JSON.stringify({ broker: this.broker.open, hosts: open }, null, 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.hosts.length > 0) await this.stop(this.hosts[0]!);
    await this.#temporary[Symbol.asyncDispose]();
  }
}

export async function makeHosts(
  changes: Partial<SubscribedSource> = {},
  settings: Partial<Omit<FlowSettings, "source">> = {},
): Promise<SubscribedHosts> {
  return new SubscribedHosts(await makeTemporary(), changes, settings);
}

/** What a tree holds, a line for each name: a directory, a link's target, or a file's content. */
export function treeOf(root: string, below = ""): string[] {
  return readdirSync(join(root, below))
    .sort()
    .flatMap((name) => {
      const path = below === "" ? name : `${below}/${name}`;
      const stat = lstatSync(join(root, path));
      if (stat.isDirectory()) return [`${path}/`, ...treeOf(root, path)];
      return [
        stat.isSymbolicLink() ? `${path} -> ${readlinkSync(join(root, path))}` : `${path}: ${readFileSync(join(root, path), "latin1")}`,
      ];
    });
}
