import { readdirSync, readFileSync, statSync } from "node:fs";
import { Registry } from "prom-client";
import { type Database, ledgerFile, openForReading } from "../../flow/ledger/database.ts";
import type { FlowObserver } from "../../flow/observer.ts";
import type { Daemon } from "../daemon.ts";
import { type FlowFacts, statusFacts } from "../status-facts.ts";
import { resetBroker, tellBroker } from "./broker-metrics.ts";
import { resetTable, tellTable } from "./table-metrics.ts";
import { define, type Definitions, flowStates, transferStates } from "./definitions.ts";

/** However often it is asked, this thread tells it a twentieth of its time. */
const KEPT_TIMES = 19;
const KEPT_MAX_MS = 1000;

/** The series of one flow, bound once: to look one up by its labels costs more than to count. */
type Bound = {
  delivered: { inc: () => void };
  lag: { observe: (seconds: number) => void };
  ended: Map<string, { inc: () => void }>;
};

/** Counts what the flows tell, and tells it, with what `status` knows, as Prometheus' text. */
export class Metrics implements FlowObserver, Disposable {
  readonly #registry = new Registry();
  readonly #defined: Definitions = define(this.#registry);
  readonly #bound = new Map<string, Bound>();
  #db: Database | null = null;
  #telling: Promise<string> | null = null;
  #last: { text: string; untilMs: number } | null = null;

  constructor() {
    this.#defined.build.set({ version: programVersion(), node: process.version }, 1);
  }

  delivered(flow: string, { lagMs }: { lagMs: number }): void {
    const bound = this.#of(flow);
    bound.delivered.inc();
    bound.lag.observe(lagMs / 1000);
  }

  failed(flow: string, { code }: { code: string }): void {
    const { ended } = this.#of(flow);
    let series = ended.get(code);
    if (series === undefined) ended.set(code, (series = this.#defined.attempts.labels({ flow, outcome: code })));
    series.inc();
  }

  dead(flow: string, { code }: { code: string }): void {
    this.#defined.deadLetters.inc({ flow, code });
  }

  #of(flow: string): Bound {
    const known = this.#bound.get(flow);
    if (known !== undefined) return known;
    const { attempts, lag } = this.#defined;
    const bound = { delivered: attempts.labels({ flow, outcome: "delivered" }), lag: lag.labels({ flow }), ended: new Map() };
    // A series that is there from the beginning: a rate is told from the first delivery on.
    attempts.inc({ flow, outcome: "delivered" }, 0);
    lag.zero({ flow });
    this.#bound.set(flow, bound);
    return bound;
  }

  /** Everything, of one moment. Who asks while it is told, or at once again, gets the same: the flows need this thread. */
  text(daemon: Daemon): Promise<string> {
    this.#telling ??= this.#tell(daemon).finally(() => (this.#telling = null));
    return this.#telling;
  }

  async #tell(daemon: Daemon): Promise<string> {
    const beganAtMs = performance.now();
    if (this.#last !== null && beganAtMs < this.#last.untilMs) return this.#last.text;
    this.#look(daemon);
    const text = await this.#registry.metrics();
    const endedAtMs = performance.now();
    this.#last = { text, untilMs: endedAtMs + Math.min(KEPT_MAX_MS, (endedAtMs - beganAtMs) * KEPT_TIMES) };
    return text;
  }

  #look(daemon: Daemon): void {
    this.#db ??= openForReading(daemon.stateDirectory);
    const live = daemon.status();
    const facts = statusFacts({ settings: daemon.set.configuration.flows, db: this.#db, live, nowMs: daemon.clock.wall() });
    // Flows that a reload took away leave nothing behind.
    const { flow, state, seen, transfers, deliveredBytes, queuedBytes, freshness, lanesOpen, lanesMax } = this.#defined;
    const { freeBytes, sizeBytes, sets } = this.#defined;
    resetBroker(this.#defined);
    this.#defined.ingests.reset();
    this.#defined.catalogOwed.reset();
    resetTable(this.#defined);
    for (const metric of [flow, state, seen, transfers, deliveredBytes, queuedBytes, freshness, lanesOpen, lanesMax]) metric.reset();
    for (const metric of [freeBytes, sizeBytes, sets]) metric.reset();
    for (const one of facts.flows) this.#lookAtFlow(one, daemon);
    const { ledgerBytes, residentBytes, startTime, cpu, openFiles } = this.#defined;
    ledgerBytes.set(["", "-wal"].reduce((sum, suffix) => sum + sizeOf(ledgerFile(daemon.stateDirectory) + suffix), 0));
    residentBytes.set(live.residentBytes);
    startTime.set(performance.timeOrigin / 1000);
    const used = process.cpuUsage();
    cpu.reset();
    cpu.inc((used.user + used.system) / 1e6);
    openFiles.set(readdirSync("/proc/self/fd").length);
  }

  #lookAtFlow(facts: FlowFacts, daemon: Daemon): void {
    const { name: flow, counts } = facts;
    const defined = this.#defined;
    this.#of(flow);
    defined.flow.set({ flow, destination: facts.destination, guarantee: facts.guarantee }, 1);
    for (const state of flowStates) defined.state.set({ flow, state }, state === facts.state ? 1 : 0);
    defined.seen.inc({ flow }, counts.seen);
    for (const state of transferStates) defined.transfers.set({ flow, state }, counts[state]);
    defined.deliveredBytes.inc({ flow }, facts.bytes.delivered);
    defined.queuedBytes.set({ flow }, facts.bytes.queued);
    defined.freshness.set({ flow }, (facts.freshnessMs ?? 0) / 1000);
    defined.lanesOpen.set({ flow }, facts.lanes.open);
    defined.lanesMax.set({ flow }, facts.lanes.max);
    for (const [status, count] of Object.entries(facts.ingest ?? {})) defined.ingests.set({ flow, status }, count);
    if (facts.catalog !== null) defined.catalogOwed.set({ flow }, facts.catalog.owed);
    for (const state of ["open", "complete"] as const)
      if (facts.completion !== null) defined.sets.set({ flow, state }, facts.completion[state]);
    for (const broker of facts.broker) tellBroker(defined, flow, broker);
    if (facts.table !== null) tellTable(defined, flow, facts.table);
    const space = daemon.set.flow(flow)?.end.space ?? null;
    if (space === null || space.totalBytes === 0) return;
    defined.freeBytes.set({ flow }, space.freeBytes);
    defined.sizeBytes.set({ flow }, space.totalBytes);
  }

  [Symbol.dispose](): void {
    this.#db?.[Symbol.dispose]();
    this.#db = null;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Of the package, three folders up, in a checkout and where it is installed. */
function programVersion(): string {
  const read = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as { version?: unknown };
  return typeof read.version === "string" ? read.version : "unknown";
}
