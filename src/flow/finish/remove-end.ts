import { messageOf } from "../../kernel/errors.ts";
import { show } from "../../kernel/path.ts";
import type { Bus } from "../bus.ts";
import type { FlowEnd, FlowEndParts } from "../flow-end.ts";
import { cameBy } from "../ledger/announcements.ts";
import { ledgerToken } from "../ledger/meta.ts";
import { litter, litterRemoved } from "../ledger/segments.ts";
import type { RemovePlace } from "../settings.ts";
import { refusalToRemove } from "./may-remove.ts";
import { type FlowEntry, otherFlows, sharing } from "./other-flows.ts";
import { restoreSource } from "./removal.ts";
import { RemovePump } from "./remove-pump.ts";

const TIDY_MS = 60_000;
const BATCH = 500;

export type RemoveEndOptions = FlowEndParts & { place: RemovePlace; all: () => FlowEntry[]; bus: Pick<Bus, "read"> };

/** A directory of this machine at the far end, which is cleaned of what is elsewhere. */
export class RemoveEnd implements FlowEnd {
  readonly pump: RemovePump;
  readonly space = null;
  readonly readBack = null;
  readonly listBelow = null;
  readonly notice = null;
  readonly lanes = { open: 0, max: 0 };
  readonly #options: RemoveEndOptions;
  readonly #ledger: string;
  #timer: NodeJS.Timeout | null = null;
  #tidying: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: RemoveEndOptions) {
    const { settings, flow, place, all, bus, db, run, reader, clock, log, events } = options;
    this.#options = options;
    this.#ledger = ledgerToken(db);
    this.pump = new RemovePump(
      {
        settings,
        flow,
        db,
        clock,
        log,
        place,
        ledger: this.#ledger,
        reader,
        digestOf: (transfer) => {
          const message = cameBy(db, transfer);
          return message === null ? null : (bus.read(message.body)?.digest ?? null);
        },
        // P4: of two flows that share a source neither loses what it still has to deliver.
        refusal: async (path, version) =>
          refusalToRemove({ receiptIsNewest: true, others: otherFlows(db, await sharing(all(), { id: flow, settings }, path), version) }),
      },
      run,
      events,
    );
  }

  get trouble(): string | null {
    return this.pump.away === null ? null : `${show(this.#options.place.directory)}: ${this.pump.away}`;
  }

  retried(): void {
    this.pump.wake();
  }

  start(): void {
    this.#round();
    this.#timer = setInterval(() => this.#round(), TIDY_MS);
  }

  #round(): void {
    this.#tidying = this.#tidying
      .then(() => this.#tidy())
      .catch((error: unknown) => this.#options.log.warn(`what was left by interrupted removals stays for now: ${messageOf(error)}`));
  }

  /** A removal that a kill interrupted, and that a newer message has made needless, may have left the file under a name of ours: it gets its own back. */
  async #tidy(): Promise<void> {
    const { db, flow, place, log } = this.#options;
    for (let after = 0; !this.#stopped;) {
      const left = litter(db, flow, after, BATCH);
      for (const { id, path } of left) {
        if (this.#stopped) return;
        const end = await restoreSource({ root: place.directory, path, transfer: id, ledger: this.#ledger });
        if (end.kind === "set-aside")
          log.warn(`${show(path)}: an interrupted removal left it as ${show(end.at)}, and a newer file has its name: both stay`);
        if (end.kind !== "refused") litterRemoved(db, [id]);
      }
      if (left.length < BATCH) return;
      after = left.at(-1)!.id;
    }
  }

  async finish(): Promise<void> {
    this.#round();
    await this.#tidying;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#tidying;
  }
}
