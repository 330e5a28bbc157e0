import { HotdirError } from "../../kernel/errors.ts";
import type { Announced, Published } from "../bus.ts";
import { cameBy } from "../ledger/announcements.ts";
import { nextDueAt, type RunId } from "../ledger/claims.ts";
import type { SourceReader } from "../read/source-reader.ts";
import type { Active } from "../send/active.ts";
import { algorithmOf, failed } from "../send/context.ts";
import type { EndsContext } from "../send/ended-attempts.ts";
import type { PumpEvents } from "../send/pump-events.ts";
import type { Pumping } from "../send/pumping.ts";
import { Turns } from "../send/turns.ts";
import { UnderWay } from "../send/under-way.ts";
import { verdict } from "../send/verdict.ts";
import type { PublishSettings } from "../settings.ts";
import type { ClaimedTransfer } from "../transfer.ts";
import { announcementOf } from "./announcement.ts";
import type { Teller } from "./teller.ts";
import { type Known, nothingKnown, type ToldFile, ToldFiles } from "./told-files.ts";

/** Small changes under way at once, most of them with the broker. */
const WINDOW = 1024;
/** Contents that travel in messages and are not with the broker yet have so many bytes in memory, and one reading more. */
const CONTENT_BYTES_MAX = 8 * 1024 * 1024;
/** Large files that are read or told of at once. */
const BULK_MAX = 4;
/** What was interrupted has so long to say so. */
const INTERRUPTED_MS = 2000;

export type PublishContext = EndsContext & { publish: PublishSettings; teller: Teller; reader: SourceReader };

/** Takes transfers from the ledger, reads what their messages tell, publishes them, and writes down what the broker said. */
export class PublishPump implements Pumping {
  readonly #context: PublishContext;
  readonly #events: PumpEvents;
  readonly #work: UnderWay;
  readonly #turns: Turns;
  readonly #files: ToldFiles;
  #toRead: ToldFile[] = [];
  #contentBytes = 0;
  #small = 0;
  #bulk = 0;
  #accepting = false;
  /** Those that wait for the broker's word: an interruption gives them another. */
  readonly #waiting = new Set<(instead: Published) => void>();

  constructor(context: PublishContext, run: RunId, events: PumpEvents) {
    const { settings, publish, reader, clock } = context;
    this.#context = context;
    this.#events = events;
    this.#turns = new Turns(() => this.#turn(), clock, events.broken);
    this.#work = new UnderWay(context, run, events, () => this.wake());
    this.#files = new ToldFiles({ reader, settings, algorithm: algorithmOf(context), inlineMaxBytes: publish.inlineMaxBytes });
  }

  get active(): Active {
    return this.#work.active;
  }

  get underWay(): number {
    return this.#work.count;
  }

  start(): void {
    this.#accepting = true;
    this.wake();
  }

  pause(): void {
    this.#accepting = false;
  }

  wake(): void {
    this.#turns.soon();
  }

  /** While the broker takes nothing, nothing is claimed: it waits in the ledger. */
  #turn(): void {
    if (!this.#accepting) return;
    const { teller, clock, db, flow } = this.#context;
    const begun = clock.steady();
    const { readyAt } = teller;
    if (readyAt === null) return;
    if (readyAt > begun) return this.#turns.at(readyAt);
    this.#readSome();
    if (this.#small < WINDOW) this.#dispatch(this.#work.claim(false, WINDOW - this.#small));
    if (this.#bulk < BULK_MAX) this.#dispatch(this.#work.claim(true, BULK_MAX - this.#bulk));
    const due = nextDueAt(db, flow);
    if (due !== null && due > begun) this.#turns.at(due);
  }

  #dispatch(claimed: ClaimedTransfer[]): void {
    for (const transfer of claimed) {
      if (transfer.bulk) this.#bulk++;
      else this.#small++;
      if (this.#work.refuse(transfer)) {
        this.#free(transfer);
        continue;
      }
      const file = fileOf(transfer);
      if (file === null || !this.#files.wants(file)) void this.#tell(transfer, nothingKnown);
      else if (this.#files.isSmall(file)) this.#toRead.push(file);
      else void this.#readAlone(file);
    }
    this.#readSome();
    // What was taken may be only a part of what is due.
    if (claimed.length > 0) this.wake();
  }

  #readSome(): void {
    while (this.#toRead.length > 0 && this.#files.canReadMany && this.#contentBytes < CONTENT_BYTES_MAX) {
      const some = this.#files.takeSome(this.#toRead);
      void this.#files
        .readMany(some)
        .catch((error: unknown) => some.map(() => failed(error, "read", false).error))
        .then((found) => {
          some.forEach((file, at) => void this.#read(file, found[at]!));
          this.#readSome();
        });
    }
  }

  async #readAlone(file: ToldFile): Promise<void> {
    await this.#read(file, await this.#files.readAlone(file).catch((error: unknown) => failed(error, "read", false).error));
  }

  async #read({ transfer }: ToldFile, found: Known | HotdirError): Promise<void> {
    if (!(found instanceof HotdirError)) return await this.#tell(transfer, found);
    const isOther = found.code === "source-changed" || found.code === "source-gone";
    // What has the new name by now is another transfer's, which waits for this one; that the old name went is still to be told.
    if (isOther && transfer.change.kind === "rename") return await this.#tell(transfer, nothingKnown);
    if (isOther) this.#events.look([transfer.change.path]);
    this.#failed(transfer, found);
  }

  async #tell(transfer: ClaimedTransfer, known: Known): Promise<void> {
    const contentBytes = known.content?.byteLength ?? 0;
    this.#contentBytes += contentBytes;
    try {
      const { db, publish, settings } = this.#context;
      const { id, change, seenAtMs } = transfer;
      const passedOn = settings.source.kind === "subscribed" ? cameBy(db, id) : null;
      const owed = { transfer: id, change, seenAtMs, cameBy: passedOn };
      this.#told(transfer, await this.#publish(announcementOf(owed, known, { publish, settings })));
    } catch (error) {
      // The ledger could not be read.
      this.#events.broken(error);
    } finally {
      this.#contentBytes -= contentBytes;
    }
  }

  #publish(announced: Announced): Promise<Published> {
    const settled = Promise.withResolvers<Published>();
    this.#waiting.add(settled.resolve);
    const settle = (published: Published): void => {
      this.#waiting.delete(settled.resolve);
      settled.resolve(published);
    };
    void this.#context.teller.publish(announced).then(settle);
    return settled.promise;
  }

  #interruptAll(): void {
    for (const resolve of this.#waiting) resolve({ outcome: "unknown", detail: "hotdir was asked to stop" });
    this.#waiting.clear();
  }

  #told(transfer: ClaimedTransfer, published: Published): void {
    const { clock } = this.#context;
    switch (published.outcome) {
      case "confirmed":
      case "unrouted": {
        const basis = published.outcome === "confirmed" ? "confirmed" : "none";
        const receipt = { proof: { basis }, durable: false } as const;
        this.#free(transfer);
        return this.#work.end(transfer, { kind: "delivered", receipt, method: "published", retain: { kind: "keep" } }, 0);
      }
      case "refused":
        return this.#failed(
          transfer,
          new HotdirError("broker-refused", { operation: "publish", path: transfer.change.path, detail: published.detail }),
        );
      case "not-sent":
      case "unknown":
        this.#free(transfer);
        return this.#work.handBack(transfer, published.detail, this.#context.teller.readyAt ?? clock.steady());
    }
  }

  #failed(transfer: ClaimedTransfer, error: HotdirError): void {
    const { settings, clock } = this.#context;
    this.#free(transfer);
    const { failures, fence } = transfer;
    const tries = { failures, attempts: fence.attempt, othersGotThrough: false, litter: false };
    this.#work.end(transfer, verdict(error, { ...tries, retry: settings.retry, now: clock.steady() }), 0);
  }

  #free({ bulk }: ClaimedTransfer): void {
    if (bulk) this.#bulk--;
    else this.#small--;
    this.wake();
  }

  /** What is with the broker and not confirmed is handed back: told once more, it is the same message. */
  async interrupt(boundMs: number): Promise<void> {
    this.#accepting = false;
    for (const { transfer } of this.#toRead.splice(0)) {
      this.#free(transfer);
      this.#work.handBack(transfer, "hotdir was asked to stop");
    }
    const interrupt = (): void => this.#interruptAll();
    await this.#work.endWithin({ boundMs, interruptedMs: INTERRUPTED_MS, wanted: () => !this.#accepting, interrupt });
  }

  async stop(boundMs: number): Promise<void> {
    await this.interrupt(boundMs);
    this.#accepting = false;
    this.#interruptAll();
    this.#work.flush();
    this.#turns[Symbol.dispose]();
  }
}

/** The file that a message is about, with its new name where it was renamed; null: it is about none. */
function fileOf(transfer: ClaimedTransfer): ToldFile | null {
  const { change } = transfer;
  const isFile = change.kind === "put" || (change.kind === "rename" && !change.directory);
  return isFile && change.version !== null ? { transfer, version: change.version } : null;
}
