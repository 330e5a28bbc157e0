import type { SendContext } from "./context.ts";
import { recordActivity } from "../ledger/activity.ts";
import { oweAnnouncements } from "../ledger/announcements.ts";
import { oweCatalogRows } from "../ledger/catalog-owed.ts";
import { oweIngests } from "../ledger/ingests.ts";
import { type EndedAttempt, recordOutcomes } from "../ledger/outcomes.ts";

/** Ends are written together when they come within so long. */
const GATHER_MS = 10;
const GATHERED_MAX = 512;

/** What the end of an attempt is written with, whatever the far end is. */
export type EndsContext = Pick<SendContext, "settings" | "flow" | "db" | "clock" | "log">;

/** Gathers the ends of attempts and writes them to the ledger, many in one transaction. */
export class EndedAttempts {
  readonly #context: EndsContext;
  readonly #written: (attempts: EndedAttempt[], lost: ReadonlySet<EndedAttempt>) => void;
  readonly #broken: (error: unknown) => void;
  readonly #recording: (held: EndedAttempt[]) => void;
  #waiting: EndedAttempt[] = [];
  #timer: NodeJS.Timeout | null = null;

  /**
   * @param written is told what was written, and which attempts had lost their fence: nothing was written for these.
   * @param recording writes what has to be in the same transaction as the ends.
   */
  constructor(
    context: EndsContext,
    written: (attempts: EndedAttempt[], lost: ReadonlySet<EndedAttempt>) => void,
    broken: (error: unknown) => void,
    recording: (held: EndedAttempt[]) => void = () => undefined,
  ) {
    this.#context = context;
    this.#written = written;
    this.#broken = broken;
    this.#recording = recording;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** @param busy more will come soon: worth a moment's wait. */
  add(attempt: EndedAttempt, busy: boolean): void {
    this.#waiting.push(attempt);
    if (this.#waiting.length >= GATHERED_MAX) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), busy ? GATHER_MS : 0);
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#waiting.length === 0) return;
    const attempts = this.#waiting;
    this.#waiting = [];
    try {
      this.#written(attempts, this.#record(attempts));
    } catch (error) {
      this.#broken(error);
    }
  }

  #record(attempts: EndedAttempt[]): Set<EndedAttempt> {
    const { db, flow, clock, settings } = this.#context;
    const at = clock.wall();
    return db.transaction(() => {
      const lost = new Set(recordOutcomes(db, attempts, at));
      const held = attempts.filter((attempt) => !lost.has(attempt));
      const delivered = held.filter(({ outcome }) => outcome.kind === "delivered");
      if (settings.announce !== null) oweAnnouncements(db, flow, delivered);
      if (settings.finish.catalog !== null) oweCatalogRows(db, flow, delivered);
      if (settings.finish.ingest !== null) oweIngests(db, flow, delivered, at);
      const bytes = delivered.reduce((sum, { transfer: { change } }) => sum + (change.kind === "put" ? change.version.sizeBytes : 0), 0);
      recordActivity(db, flow, { delivered: delivered.length, bytes, failed: held.length - delivered.length }, at);
      this.#recording(held);
      return lost;
    });
  }
}
