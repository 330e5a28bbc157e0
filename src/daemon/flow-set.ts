import type { Configuration } from "../config/parse.ts";
import { canonical, differences } from "../config/difference.ts";
import type { FlowEntry } from "../flow/finish/retention.ts";
import { Flow, type FlowOptions } from "../flow/flow.ts";
import { takeOver } from "../flow/ledger/take-over.ts";
import { type Held, heldOf, registerFlow, setHeld } from "../flow/ledger/flows.ts";
import type { Database } from "../flow/ledger/database.ts";
import { closedReason } from "../flow/opening-hours.ts";
import { refuseLoop } from "../flow/place.ts";
import { describePlace } from "../flow/place-name.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { HotdirError } from "../kernel/errors.ts";
import type { ReloadAnswer } from "./control-protocol.ts";
import { holdsAddress } from "./vip.ts";

/** How often it is looked whether this host holds the addresses that flows depend on, and what the wall clock says, which may jump. */
const LOOK_EVERY_MS = 1000;

export type FlowSetParts = Omit<FlowOptions, "settings" | "all"> & {
  configuration: Configuration;
  /** The configuration as it is now. Throws where it is faulty. */
  read: () => Configuration;
  /** The flows that were asked for by name; null: all, also those that a reload brings. */
  chosen: readonly string[] | null;
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

  #wanted(): FlowSettings[] {
    return this.#configuration.flows.filter(
      ({ name }) => (this.#chosen === null || this.#chosen.has(name)) && this.#held(name) !== "stopped",
    );
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
    await flow[Symbol.asyncDispose]();
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

  startFlow(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.settingsOf(name);
      const running = this.#running.get(name);
      const configuration = running === undefined ? this.#parts.read() : null;
      setHeld(this.#parts.db, this.#idOf(name), null);
      this.#chosen?.add(name);
      if (configuration === null) running?.hold("person", null);
      else await this.#take(configuration, [name]);
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
      const configuration = this.#parts.read();
      if (this.#held(name) === "stopped") setHeld(this.#parts.db, this.#idOf(name), null);
      this.#chosen?.add(name);
      await this.#take(configuration, [name], true);
    });
  }

  /** Throws where the new configuration is faulty; then nothing has changed. */
  reload(): Promise<ReloadAnswer> {
    return this.#inTurn(() => this.#take(this.#parts.read(), null));
  }

  /**
   * The new configuration comes into force, for the named flows or for all (null). What cannot run is found before
   * anything is ended. `again`: the named ones are restarted although nothing in them changed.
   */
  async #take(next: Configuration, only: string[] | null, again = false): Promise<ReloadAnswer> {
    const before = new Map(this.#configuration.flows.map((flow) => [flow.name, flow]));
    const concerns = (name: string): boolean => only === null || only.includes(name);
    const flows = only === null ? next.flows : mixed(this.#configuration.flows, next.flows, only);
    for (const name of only ?? []) if (!next.flows.some((flow) => flow.name === name)) throw gone(name, next.file);
    for (const { source, destination } of flows) if (source.kind === "watched") refuseLoop(source.root, destination);
    const answer: ReloadAnswer = { started: [], restarted: [], ended: [], unchanged: [] };
    const changed = (flow: FlowSettings): boolean => {
      const old = before.get(flow.name);
      return old === undefined || differences(canonical(old), canonical(flow)).length > 0;
    };
    const differing = flows.filter((flow) => concerns(flow.name) && (again || changed(flow)));
    const leaving = [...before.keys()].filter((name) => !flows.some((flow) => flow.name === name));
    for (const name of leaving) {
      await this.#end(name);
      answer.ended.push(name);
    }
    const ran = new Set(this.#running.keys());
    for (const { name } of differing) await this.#end(name);
    this.#configuration = only === null ? next : { ...this.#configuration, flows };
    this.#register();
    const wanted = new Set(this.#wanted().map(({ name }) => name));
    for (const flow of flows) {
      if (!concerns(flow.name) || !wanted.has(flow.name)) continue;
      if (this.#running.has(flow.name)) {
        answer.unchanged.push(flow.name);
        continue;
      }
      this.#launch(flow);
      (ran.has(flow.name) ? answer.restarted : answer.started).push(flow.name);
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
      if (!isHeld && !this.#passive.has(name)) this.#becomePassive(flow, vip);
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

/** For the log: what changed, by name. */
export function describeReload(answer: ReloadAnswer): string {
  const parts = Object.entries(answer).flatMap(([what, names]) => (names.length > 0 ? [`${what} ${names.join(", ")}`] : []));
  return parts.length === 0 ? "it has no flow that runs" : parts.join("; ");
}

function register(db: Database, { name, source, destination }: FlowSettings): FlowEntry["id"] {
  return registerFlow(db, { name, root: source.root, destination: describePlace(destination) });
}

/** The flows in force, with the named ones as they are in the new configuration. */
function mixed(inForce: FlowSettings[], next: FlowSettings[], names: string[]): FlowSettings[] {
  const fresh = (name: string): FlowSettings | undefined => (names.includes(name) ? next.find((flow) => flow.name === name) : undefined);
  return inForce.map((flow) => fresh(flow.name) ?? flow);
}

function gone(name: string, file: string): HotdirError {
  return new HotdirError("bad-usage", {
    operation: "restart",
    detail: `the flow ${name} is not in ${file} any more; a reload (SIGHUP, 'hotdir restart') ends it`,
  });
}
