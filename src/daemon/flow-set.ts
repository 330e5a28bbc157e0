import type { Configuration } from "../config/parse.ts";
import type { FlowEntry } from "../flow/finish/retention.ts";
import { Flow } from "../flow/flow.ts";
import type { FlowOptions } from "../flow/flow-options.ts";
import { takeOver } from "../flow/ledger/take-over.ts";
import { type Held, heldOf, registerFlow, setHeld } from "../flow/ledger/flows.ts";
import type { Database } from "../flow/ledger/database.ts";
import { closedReason } from "../flow/opening-hours.ts";
import { describePlace } from "../flow/place-name.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { HotdirError, messageOf } from "../kernel/errors.ts";
import type { ReloadAnswer } from "./control-protocol.ts";
import { planReload } from "./reload-plan.ts";
import { holdsAddress } from "./vip.ts";

/** How often it is looked whether this host holds the addresses that flows depend on, and what the wall clock says, which may jump. */
const LOOK_EVERY_MS = 1000;

export type FlowSetParts = Omit<FlowOptions, "settings" | "all"> & {
  configuration: Configuration;
  /** The configuration as it is now. Throws where it is faulty. */
  read: () => Configuration;
  /** The flows that were asked for by name; null: all, also those that a reload brings. */
  chosen: readonly string[] | null;
  /** Called before flows are made; rejects where they cannot be. */
  prepare?: (flows: FlowSettings[]) => Promise<void>;
  /** Whether this host holds an address. */
  holds?: (address: string) => boolean;
};

/**
 * The flows of the daemon: which are configured, which run, and how one comes, goes or changes while the others go on
 * undisturbed. Changes come one after the other.
 */
export class FlowSet implements AsyncDisposable {
  readonly #parts: FlowSetParts;
  readonly #running = new Map<string, Flow>();
  readonly #chosen: Set<string> | null;
  readonly #passive = new Set<string>();
  #configuration: Configuration;
  #entries: FlowEntry[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #stopping = false;

  constructor(parts: FlowSetParts) {
    this.#parts = parts;
    this.#configuration = parts.configuration;
    this.#chosen = parts.chosen === null ? null : new Set(parts.chosen);
    this.#register();
    for (const settings of this.#wanted()) this.#make(settings);
  }

  /** Those that run, in the order of the configuration. */
  get flows(): Flow[] {
    return this.#configuration.flows.flatMap(({ name }) => this.#running.get(name) ?? []);
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  flow(name: string): Flow | null {
    return this.#running.get(name) ?? null;
  }

  /** Throws `bad-usage` for a name that is in no configuration. */
  settingsOf(name: string): FlowSettings {
    const settings = this.#configuration.flows.find((flow) => flow.name === name);
    if (settings !== undefined) return settings;
    const known = this.#configuration.flows.map((flow) => flow.name).join(", ");
    throw new HotdirError("bad-usage", {
      operation: "choose a flow",
      detail: `there is no flow ${JSON.stringify(name)}; there are ${known}`,
    });
  }

  start(): void {
    for (const flow of this.flows) flow.start();
    this.#timer = setInterval(() => this.#guarded(() => this.#look()), LOOK_EVERY_MS);
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#parts.broken(error);
    }
  }

  #register(): void {
    this.#entries = this.#configuration.flows.map((settings) => ({ id: register(this.#parts.db, settings), settings }));
  }

  #asked(): FlowSettings[] {
    return this.#configuration.flows.filter(({ name }) => this.#chosen?.has(name) ?? true);
  }

  #wanted(): FlowSettings[] {
    return this.#asked().filter(({ name }) => this.#held(name) !== "stopped");
  }

  /** Those that a person stopped, of those that were asked for. */
  get stopped(): string[] {
    return this.#asked().flatMap(({ name }) => (this.#held(name) === "stopped" ? [name] : []));
  }

  #held(name: string): Held | null {
    return heldOf(this.#parts.db, this.#idOf(name));
  }

  #idOf(name: string): FlowEntry["id"] {
    return this.#entries.find(({ settings }) => settings.name === name)!.id;
  }

  #make(settings: FlowSettings): Flow {
    const flow = new Flow({ ...this.#parts, settings, all: () => this.#entries });
    this.#running.set(settings.name, flow);
    if (settings.vip !== null) this.#becomePassive(flow, settings.vip);
    this.#lookAtHours(flow);
    return flow;
  }

  #launch(settings: FlowSettings): void {
    this.#make(settings).start();
    this.#parts.changed();
  }

  async #end(name: string): Promise<void> {
    const flow = this.#running.get(name);
    if (flow === undefined) return;
    try {
      await flow[Symbol.asyncDispose]();
    } catch (error) {
      // Something of it did not end in order. That is no reason to keep the others from what they were asked for.
      this.#parts.log.error(`${name} did not end in order: ${messageOf(error)}`);
    }
    this.#running.delete(name);
    this.#passive.delete(name);
    this.#parts.changed();
  }

  /** One change at a time: two at once could run one flow twice. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      if (this.#stopping) throw new HotdirError("interrupted", { operation: "change the flows" });
      return work();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** What concerns a flow that runs is done at once; where it is just ending, after that, so that a stop stays the last word. */
  async withRunning(name: string, work: (flow: Flow) => void | Promise<void>): Promise<void> {
    this.settingsOf(name);
    const now = this.#running.get(name);
    if (now !== undefined && now.state.state !== "stopped") return await work(now);
    await this.#inTurn(async () => {
      this.settingsOf(name);
      const flow = this.#running.get(name);
      if (flow !== undefined) return await work(flow);
      throw new HotdirError("bad-usage", { operation: "ask a flow", detail: `${name} is stopped; 'hotdir start ${name}' runs it` });
    });
  }

  startFlow(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.settingsOf(name);
      const running = this.#running.get(name);
      if (running === undefined) return await this.#takeOne(name, this.#parts.read(), false);
      setHeld(this.#parts.db, this.#idOf(name), null);
      running.hold("person", null);
    });
  }

  stopFlow(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.settingsOf(name);
      setHeld(this.#parts.db, this.#idOf(name), "stopped");
      await this.#end(name);
    });
  }

  restartFlow(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.settingsOf(name);
      await this.#takeOne(name, this.#parts.read(), true);
    });
  }

  /** A flow that was stopped is so no more, unless its configuration is refused: then nothing has changed. */
  async #takeOne(name: string, next: Configuration, again: boolean): Promise<void> {
    const held = this.#held(name);
    const ends = held === "stopped" || (held !== null && !again);
    const wasChosen = this.#chosen === null || this.#chosen.has(name);
    if (ends) setHeld(this.#parts.db, this.#idOf(name), null);
    this.#chosen?.add(name);
    try {
      await this.#take(next, [name], again);
    } catch (error) {
      if (ends) setHeld(this.#parts.db, this.#idOf(name), held);
      if (!wasChosen) this.#chosen?.delete(name);
      throw error;
    }
  }

  /** Throws where the new configuration is faulty; then nothing has changed. */
  reload(): Promise<ReloadAnswer> {
    return this.#inTurn(() => this.#take(this.#parts.read(), null));
  }

  /** The new configuration comes into force, for the named flows or for all (null). What cannot run is found before anything is ended. */
  async #take(next: Configuration, only: string[] | null, again = false): Promise<ReloadAnswer> {
    const { flows, leaving, differing } = planReload(this.#configuration, next, only, again);
    await this.#parts.prepare?.(flows);
    const ran = new Set(this.#running.keys());
    // Together: each may take its bound, and a stop of the daemon waits for them.
    await Promise.all([...leaving, ...differing].map((name) => this.#end(name)));
    const answer: ReloadAnswer = { started: [], restarted: [], ended: leaving, unchanged: [] };
    try {
      this.#configuration = only === null ? next : { ...this.#configuration, flows };
      this.#register();
      for (const flow of this.#wanted()) {
        if (only !== null && !only.includes(flow.name)) continue;
        const runs = this.#running.has(flow.name);
        if (!runs) this.#launch(flow);
        (runs ? answer.unchanged : ran.has(flow.name) ? answer.restarted : answer.started).push(flow.name);
      }
    } catch (error) {
      // Some ended and do not run again, though nobody asked for that: better none, until the daemon comes again.
      this.#parts.broken(error);
      throw error;
    }
    return answer;
  }

  #becomePassive(flow: Flow, address: string): void {
    this.#passive.add(flow.settings.name);
    flow.hold("vip", `passive: this host does not hold ${address}; it takes over when it does`);
  }

  /**
   * A flow is active only while this host holds its address. What waits then may have been delivered by the host that
   * was active before: it is looked at over there first, so nothing is sent twice in effect. For that, all that the
   * source holds must have been seen.
   */
  #lookAtAddresses(): void {
    const holds = this.#parts.holds ?? holdsAddress;
    for (const flow of this.flows) {
      const { name, vip } = flow.settings;
      if (vip === null) continue;
      const isHeld = holds(vip);
      flow.standsBy = !isHeld && flow.intake.scanned;
      if (!isHeld && !this.#passive.has(name)) this.#becomePassive(flow, vip);
      if (flow.standsBy) this.#parts.changed();
      if (!isHeld || !this.#passive.has(name) || !flow.intake.scanned) continue;
      this.#passive.delete(name);
      takeOver(this.#parts.db, flow.entry.id, this.#parts.clock.wall());
      flow.hold("vip", null);
    }
  }

  #look(): void {
    this.#lookAtAddresses();
    for (const flow of this.flows) this.#lookAtHours(flow);
  }

  #lookAtHours(flow: Flow): void {
    flow.hold("schedule", closedReason(flow.settings.schedule, this.#parts.clock.wall()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#last;
    await Promise.all([...this.#running.values()].map((flow) => flow[Symbol.asyncDispose]()));
  }
}

function register(db: Database, { name, source, destination }: FlowSettings): FlowEntry["id"] {
  return registerFlow(db, { name, root: source.root, destination: describePlace(destination) });
}
