import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { show } from "../kernel/path.ts";
import type { RootIdentity } from "./detect/contract.ts";
import { isEmptyOrGone } from "./detect/empty-root.ts";
import { type Outbox, outboxOf } from "./announce/outbox.ts";
import { AttemptLog } from "./attempt-log.ts";
import { type Completion, completionOf } from "./completion/completion.ts";
import { LedgerPort } from "./completion/manifest-port.ts";
import type { Fetching } from "./fetch/contract.ts";
import { fetchingFor } from "./fetch/fetching.ts";
import type { Entrance } from "./entrance.ts";
import { describeSource, entranceOf } from "./entrances.ts";
import { farEndOf } from "./far-ends.ts";
import type { FlowEnd } from "./flow-end.ts";
import { endInOrder } from "./flow-ending.ts";
import type { FlowOptions, FlowState } from "./flow-options.ts";
import { type HeldBy, Holds } from "./holds.ts";
import { type FlowEntry, Retention } from "./finish/retention.ts";
import type { Database } from "./ledger/database.ts";
import * as flows from "./ledger/flows.ts";
import { findRoot, haltForPerson, loseRoot } from "./ledger/lost-root.ts";
import { refuseLoop } from "./place.ts";
import { describePlace } from "./place-name.ts";
import { pumpTold } from "./pump-told.ts";
import { Rate } from "./rate.ts";
import type { Receiver } from "./receive/receiver.ts";
import { SourceReader } from "./read/source-reader.ts";
import type { PumpEvents } from "./send/pump-events.ts";
import type { Pumping } from "./send/pumping.ts";
import type { FlowSettings } from "./settings.ts";
import type { TableEntrance } from "./table/table-entrance.ts";
import { TablePort } from "./table/table-port.ts";
import type { ClaimedTransfer, TransferId } from "./transfer.ts";

const PAUSED = "paused by hand";
/** What is under way when a flow is paused has so long to end by itself. */
const HOLD_BOUND_MS = 2000;

/** One flow at work: its intake, its far end and its retention, and how they hang together. */
export class Flow implements AsyncDisposable {
  readonly settings: FlowSettings;
  readonly entry: FlowEntry;
  readonly intake: Entrance;
  /** Takes messages; null: the flow takes its changes from its own directory, or from posts. */
  readonly receiver: Receiver | null;
  /** Follows the rows of a table; null: the flow's queue is no table. */
  readonly table: TableEntrance | null;
  readonly end: FlowEnd;
  /** Tells of deliveries; null: nobody is told. */
  readonly outbox: Outbox | null;
  /** Makes the manifests of sets that are complete; null: the flow knows no sets. */
  readonly completion: Completion | null;
  readonly rate = new Rate();
  readonly #db: Database;
  readonly #log: Log;
  readonly #attempts: AttemptLog;
  readonly #reader = new SourceReader();
  readonly #fetching: Fetching | null;
  readonly #retention: Retention;
  readonly #holds = new Holds();
  readonly #changed: () => void;
  #halted: string | null;
  #rootLost: string | null = null;
  /** Another host is active, all that the source holds is recorded here, and there is nothing to do but wait. */
  standsBy = false;
  #stopping = false;
  #ending: Promise<void> | null = null;

  constructor(options: FlowOptions) {
    const { settings, db, clock } = options;
    // What is posted is sent once, wherever it is: its root is all of the machine.
    if (settings.source.kind === "watched") refuseLoop(settings.source.root, settings.destination);
    this.settings = settings;
    this.#db = db;
    this.#log = options.log.with({ flow: settings.name }, settings.log);
    this.#changed = options.changed;
    this.entry = {
      id: flows.registerFlow(db, { name: settings.name, root: settings.source.root, destination: describePlace(settings.destination) }),
      settings,
    };
    this.#halted = haltForPerson(db, this.entry.id);
    if (flows.heldOf(db, this.entry.id) === "paused") this.#holds.set("person", PAUSED);
    this.#attempts = new AttemptLog(this.#log, clock, settings);
    const { bus, changed, broken } = options;
    const parts = { db, flow: this.entry.id, bus, clock, log: this.#log };
    this.#fetching = fetchingFor(settings.source, { ...parts, wake: () => this.pump.wake() });
    this.end = this.#makeEnd(options);
    const told = (transfers: readonly TransferId[]): void => this.receiver?.told(transfers);
    this.outbox = outboxOf({ settings, id: this.entry.id, bus }, { db, clock, log: this.#log, changed, told, broken });
    const { intake, receiver, table } = entranceOf({
      ...parts,
      settings,
      fetching: this.#fetching,
      listBelow: this.end.listBelow,
      events: {
        queued: () => this.pump.wake(),
        rootLost: (reason) => this.#loseRoot(reason),
        rootFound: (identity) => this.#findRoot(identity),
        changed,
        broken,
      },
    });
    this.intake = intake;
    this.receiver = receiver;
    this.table = table;
    const halted = (): boolean => (this.#halted ?? this.#rootLost) !== null;
    this.completion = completionOf({
      ...parts,
      settings,
      port: table === null ? new LedgerPort(parts) : new TablePort(parts, table),
      look: (paths) => this.intake.look(paths),
      halted,
      queued: () => this.pump.wake(),
      changed,
      broken,
    });
    this.#retention = new Retention({
      db,
      flow: this.entry,
      all: options.all,
      reader: this.#reader,
      clock,
      log: this.#log,
      halted,
    });
  }

  #makeEnd({ settings, db, run, bus, clock, broken, observers, all }: FlowOptions): FlowEnd {
    const events: PumpEvents = {
      ...pumpTold({
        flow: settings.name,
        attempts: this.#attempts,
        observers,
        clock,
        receiver: () => this.receiver,
        table: () => this.table,
      }),
      look: (paths) => this.intake.look(paths),
      recording: (held) => this.completion?.recorded(held),
      recorded: () => {
        this.outbox?.wake();
        this.#changed();
      },
      refuseRemoval: (transfer) => this.#refuseRemoval(transfer),
      broken,
    };
    const parts = { settings, flow: this.entry.id, db, run, reader: this.#reader, clock, log: this.#log, events, changed: this.#changed };
    return farEndOf({ ...parts, bus, all, fetching: this.#fetching });
  }

  get pump(): Pumping {
    return this.end.pump;
  }

  get state(): FlowState {
    if (this.#stopping) return { state: "stopped", reason: null };
    const halted = this.#halted ?? this.#rootLost;
    if (halted !== null) return { state: "halted", reason: halted };
    if (this.#holds.reason !== null) return { state: "paused", reason: this.#holds.reason };
    const trouble = this.end.trouble ?? this.receiver?.trouble ?? this.table?.trouble ?? null;
    return trouble === null ? { state: "running", reason: null } : { state: "waiting", reason: trouble };
  }

  /** What a person should know though nothing waits for it; null: nothing. */
  get notice(): string | null {
    return this.end.notice ?? this.outbox?.teller.notice ?? this.completion?.notice ?? null;
  }

  start(): void {
    this.intake.start();
    this.#release();
    this.#retention.start();
    this.end.start();
    this.completion?.start();
    this.outbox?.wake();
    this.#log.info(`${describeSource(this.settings)} → ${describePlace(this.settings.destination)}`);
  }

  #loseRoot(reason: string): void {
    if (this.#rootLost === null)
      this.#log.error(
        `halted: ${reason}; nothing is sent or removed until it is back, or until 'hotdir resume ${this.settings.name}' accepts what is there now`,
      );
    this.#rootLost = reason;
    loseRoot(this.#db, this.entry.id, reason);
    this.pump.pause();
    this.#changed();
  }

  #findRoot(identity: RootIdentity | null): void {
    flows.acceptRoot(this.#db, this.entry.id, identity);
    findRoot(this.#db, this.entry.id);
    if (this.#rootLost !== null) this.#log.info("the source is back");
    this.#rootLost = null;
    this.#release();
    this.#changed();
  }

  /** P4: nothing is removed over there because the source as a whole went away. */
  #refuseRemoval(transfer: ClaimedTransfer): string | null {
    const halted = this.#halted ?? this.#rootLost;
    if (halted !== null) return halted;
    // Somebody saw it go, and told so; the receiver looks whether the source is there at all.
    if (this.receiver !== null) return null;
    if (transfer.id <= flows.releasedThrough(this.#db, this.entry.id) || !isEmptyOrGone(this.settings.source.root)) return null;
    const reason = `the source ${show(this.settings.source.root)} is empty or gone; removals wait for a person ('hotdir resume ${this.settings.name}' lets them go)`;
    this.#halted = reason;
    flows.halt(this.#db, this.entry.id, reason);
    this.pump.pause();
    this.#log.error(`halted: ${reason}`);
    this.#changed();
    return reason;
  }

  /** Sends nothing while anybody holds it; what comes meanwhile is recorded, and waits. `null`: not held by this one any more. */
  hold(by: HeldBy, reason: string | null): void {
    if (!this.#holds.set(by, reason)) return;
    if (this.#holds.reason === null) this.#release();
    else {
      void this.pump.interrupt(HOLD_BOUND_MS);
      void this.receiver?.leave(HOLD_BOUND_MS);
    }
    this.#log.info(this.#holds.reason === null ? "sends again" : `paused: ${this.#holds.reason}`);
    this.#changed();
  }

  /** A person's pause stays over restarts, until a person ends it. */
  pause(): void {
    flows.setHeld(this.#db, this.entry.id, "paused");
    this.hold("person", PAUSED);
  }

  /** A person has looked, or a pause ends: goes on with the source as it is. */
  async resume(): Promise<void> {
    flows.setHeld(this.#db, this.entry.id, null);
    this.hold("person", null);
    // Only who was asked to look has looked: a pause that ends says nothing about the source.
    if ((this.#halted ?? this.#rootLost) === null) return;
    flows.release(this.#db, this.entry.id);
    this.#halted = null;
    if (this.#rootLost !== null) await this.intake.watchAnew();
    this.#release();
    this.#log.info("resumed by hand");
  }

  #release(): void {
    if (this.#halted !== null || this.#rootLost !== null || this.#holds.reason !== null || this.#stopping) return;
    this.pump.start();
    this.receiver?.take();
  }

  /** Whether every complete file is delivered or dead, or cannot be for now: a person must look first, paused it, or another host is active. */
  get idle(): boolean {
    if (this.#halted !== null || this.#rootLost !== null) return true;
    // What it keeps waiting is known only when all has been seen.
    if (this.#holds.has("person") || this.standsBy) return this.intake.scanned && this.pump.underWay === 0;
    if (!this.intake.idle || this.pump.underWay > 0) return false;
    const tally = flows.tallyOf(this.#db, this.entry.id);
    return tally.queued + tally.sending === 0 && (this.completion?.idle ?? true);
  }

  /** Transfers that are not delivered yet. */
  get waiting(): number {
    const { settling, queued, sending } = flows.tallyOf(this.#db, this.entry.id);
    return settling + queued + sending;
  }

  get deadLetters(): number {
    return flows.tallyOf(this.#db, this.entry.id).dead;
  }

  /** What is due now, before a run that ends when idle: source files go, and leftovers at the destination. */
  async finishDue(): Promise<void> {
    await this.#retention.settle();
    await this.table?.settle();
    await this.end.finish();
    await this.outbox?.finish();
  }

  /** Ends in order: nothing new comes in, what is under way ends or is handed back, then the connections. Once, however often it is asked for. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  #end(): Promise<void> {
    this.#stopping = true;
    const { intake, receiver, table, pump, completion, outbox, end } = this;
    const own = { attempts: this.#attempts, retention: this.#retention, reader: this.#reader, fetching: this.#fetching };
    return endInOrder({ intake, receiver, table, pump, completion, outbox, end, ...own }, (error) =>
      this.#log.error(`stopping: ${messageOf(error)}`),
    );
  }
}
