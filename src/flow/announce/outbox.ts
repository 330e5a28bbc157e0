import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock, SteadyMs } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import { show } from "../../kernel/path.ts";
import type { Bus, Published } from "../bus.ts";
import { announced, countOwed, firstOwed, type Owed, owedOf } from "../ledger/announcements.ts";
import type { Database } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import { formerFlows } from "../ledger/relocate.ts";
import { Turns } from "../send/turns.ts";
import type { FlowSettings, PublishSettings } from "../settings.ts";
import type { Change, TransferId } from "../transfer.ts";
import { announcementOf } from "./announcement.ts";
import { mayBeTold } from "./outbox-order.ts";
import { Teller } from "./teller.ts";
import { ToldContent } from "./told-content.ts";

/** Looked at together, in the order of their transfers. */
const WINDOW = 512;
/** What the broker has is written down together, when it comes within so long. */
const GATHER_MS = 10;
/** One that the broker refuses is offered again after so long, each time longer; others are not held up. */
const REFUSED: Backoff = { minMs: 2000, maxMs: 600_000 };
/** How long a run that ends when idle waits for what the broker is ready to take, and an end for what is with it already. */
const FINISH_BOUND_MS = 10_000;
const END_BOUND_MS = 2000;
const LOOK_MS = 20;

export type OutboxOptions = {
  settings: Pick<FlowSettings, "destination" | "source">;
  publish: PublishSettings;
  db: Database;
  /** The flow, and the rows that it had before at the same destination: what these delivered is told of as well. */
  flows: readonly FlowId[];
  teller: Teller;
  content: ToldContent;
  clock: Clock;
  log: Log;
  changed: () => void;
  /** Nothing keeps whoever waited for these to be told of: the broker has them, or will not take them as they are. */
  told: (transfers: readonly TransferId[]) => void;
  /** The ledger fails: nothing can go on. */
  broken: (error: unknown) => void;
};

/** `told`: the broker has it, and the ledger is still to be told. */
type Entry = { owed: Owed; change: Change; state: "waiting" | "under way" | "told"; refusals: number; notBefore: SteadyMs };

/** Tells of deliveries: what the ledger owes goes to the broker, and is owed until the broker has it. Transfers never wait for it. */
export class Outbox implements AsyncDisposable {
  readonly #options: OutboxOptions;
  readonly #turns: Turns;
  readonly #entries = new Map<TransferId, Entry>();
  #told: TransferId[] = [];
  #timer: NodeJS.Timeout | null = null;
  /** `ending`: what is with the broker is waited for, and no more goes there. */
  #life: "working" | "ending" | "ended" = "working";

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#turns = new Turns(() => this.#turn(), options.clock, options.broken);
  }

  /** How it stands with the broker. */
  get teller(): Pick<Teller, "state" | "trouble" | "notice"> {
    return this.#options.teller;
  }

  /** How many deliveries are still to be told of. */
  get owed(): number {
    return this.#options.flows.reduce((sum, flow) => sum + countOwed(this.#options.db, flow), 0);
  }

  /** There may be more to tell, or a broker that takes it. */
  wake(): void {
    if (this.#life === "working") this.#turns.soon();
  }

  #turn(): void {
    if (this.#life !== "working") return;
    const { teller, clock } = this.#options;
    const { readyAt } = teller;
    const now = clock.steady();
    if (readyAt === null) return;
    if (readyAt > now) return this.#turns.at(readyAt);
    const line = this.#load().map((entry) => ({ entry, change: entry.change, isUnderWay: entry.state !== "waiting" }));
    // What the broker has is done, as far as order goes.
    const may = mayBeTold(line.filter(({ entry }) => entry.state !== "told")).map(({ entry }) => entry);
    const later = may.filter((entry) => entry.notBefore > now).map((entry) => entry.notBefore);
    if (later.length > 0) this.#turns.at(Math.min(...later));
    for (const entry of may) if (entry.notBefore <= now) void this.#tell(entry);
  }

  /** The first ones that are owed. One that was delivered late comes before others that are under way already; the ledger has seen to it that they do not concern each other. */
  #load(): Entry[] {
    const { db, flows } = this.#options;
    const ids = flows
      .flatMap((flow) => firstOwed(db, flow, WINDOW))
      .toSorted((a, b) => a - b)
      .slice(0, WINDOW);
    return ids.map((id) => {
      const known = this.#entries.get(id);
      if (known !== undefined) return known;
      const owed = owedOf(db, id);
      const entry: Entry = { owed, change: owed.change, state: "waiting", refusals: 0, notBefore: 0 };
      this.#entries.set(id, entry);
      return entry;
    });
  }

  async #tell(entry: Entry): Promise<void> {
    entry.state = "under way";
    const { settings, publish, teller, content } = this.#options;
    const { owed } = entry;
    using held = await content.of(owed);
    const known = { digest: owed.digest, content: held.content };
    const published = await teller.publish(announcementOf(owed, known, { publish, settings }));
    if (this.#life !== "ended") this.#settle(entry, published);
  }

  #settle(entry: Entry, published: Published): void {
    const { clock } = this.#options;
    switch (published.outcome) {
      case "confirmed":
      case "unrouted":
        entry.state = "told";
        this.#told.push(entry.owed.transfer);
        if (this.#told.length >= WINDOW) this.#write();
        else this.#timer ??= setTimeout(() => this.#write(), GATHER_MS);
        return;
      case "refused":
        entry.state = "waiting";
        entry.refusals++;
        entry.notBefore = clock.steady() + backoffDelayMs(REFUSED, entry.refusals);
        this.#tellRefused(entry, published.detail);
        this.#options.told([entry.owed.transfer]);
        return this.wake();
      case "not-sent":
      case "unknown":
        entry.state = "waiting";
        return this.wake();
    }
  }

  #tellRefused({ owed, refusals, notBefore }: Entry, detail: string): void {
    const seconds = ((notBefore - this.#options.clock.steady()) / 1000).toFixed(1);
    this.#options.log[refusals === 1 ? "warn" : "debug"](
      `${show(owed.change.path)} is delivered, and the broker refuses to be told of it: ${detail}; told again in ${seconds} s`,
      { transfer: owed.transfer },
    );
  }

  /** In the order in which the broker took them. */
  #write(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const told = this.#told;
    if (told.length === 0) return;
    this.#told = [];
    try {
      announced(this.#options.db, told);
      for (const id of told) this.#entries.delete(id);
      this.#options.told(told);
      this.#options.changed();
      this.wake();
    } catch (error) {
      this.#options.broken(error);
    }
  }

  /** What the broker takes now is told before a run that ends when idle; what it does not stays owed, for the next run. */
  async finish(): Promise<void> {
    const { clock, teller } = this.#options;
    const until = clock.steady() + FINISH_BOUND_MS;
    const mayCome = (): boolean => teller.state.state === "ready" || teller.state.state === "connecting";
    while (this.#life === "working" && this.owed > 0 && mayCome() && clock.steady() < until) {
      this.wake();
      await clock.sleep(LOOK_MS, AbortSignal.timeout(FINISH_BOUND_MS));
    }
  }

  /** What is not confirmed within a moment is told again by the next run: it is the same message. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { clock, content, teller } = this.#options;
    if (this.#life !== "working") return;
    this.#life = "ending";
    const until = clock.steady() + END_BOUND_MS;
    const anyUnderWay = (): boolean => [...this.#entries.values()].some(({ state }) => state === "under way");
    while (anyUnderWay() && teller.state.state === "ready" && clock.steady() < until)
      await clock.sleep(LOOK_MS, AbortSignal.timeout(END_BOUND_MS));
    this.#write();
    this.#life = "ended";
    this.#turns[Symbol.dispose]();
    await content[Symbol.asyncDispose]();
    await teller[Symbol.asyncDispose]();
  }
}

/** The outbox of a flow whose deliveries are told of; null: nobody is told. */
export function outboxOf(
  flow: { settings: FlowSettings; id: FlowId; bus: Bus },
  parts: Pick<OutboxOptions, "db" | "clock" | "log" | "changed" | "told" | "broken">,
): Outbox | null {
  const { settings, id, bus } = flow;
  const { announce: publish } = settings;
  if (publish === null) return null;
  const { clock, log } = parts;
  const announcer = bus.announcer(publish, settings.name);
  const teller = new Teller({ announcer, publish, clock, log, heardBefore: true, changed: () => (outbox.wake(), parts.changed()) });
  const content = new ToldContent(settings.source, publish.inlineMaxBytes);
  const outbox: Outbox = new Outbox({ ...parts, settings, publish, flows: [id, ...formerFlows(parts.db, id)], teller, content });
  return outbox;
}
