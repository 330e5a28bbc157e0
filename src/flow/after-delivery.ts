import { assert } from "../kernel/errors.ts";
import { formatMany } from "../kernel/readable.ts";
import { Catalog } from "./catalog/catalog.ts";
import { DuplicateGate } from "./catalog/duplicate-gate.ts";
import { EntryWriter } from "./catalog/entry-writer.ts";
import type { FlowEntry } from "./finish/other-flows.ts";
import type { FlowEndParts } from "./flow-end.ts";
import { digestOf } from "./guarantee.ts";
import { Ingester } from "./ingest/ingester.ts";
import { LedgerQueue } from "./ingest/ledger-queue.ts";
import { formerFlows } from "./ledger/relocate.ts";
import type { LocalPlace } from "./settings.ts";

export type AfterDeliveryOptions = FlowEndParts & { all: () => FlowEntry[] };

/** What is done with files that were delivered to a directory of this machine: their rows in a catalog, and their ingestion. */
export class AfterDelivery implements AsyncDisposable {
  /** Has a look at files before they are delivered; null: nobody need. */
  readonly gate: DuplicateGate | null;
  readonly #entries: EntryWriter | null;
  readonly #ingester: Ingester | null;

  constructor(options: AfterDeliveryOptions) {
    const { settings, flow, db, clock, log, changed, events } = options;
    const { place } = settings.destination;
    const { ingest } = settings.finish;
    const parts = { db, flows: [flow, ...formerFlows(db, flow)], clock };
    const catalogued = place.kind === "file" ? cataloguedOf(options, place) : null;
    this.gate = catalogued?.gate ?? null;
    this.#entries =
      catalogued === null
        ? null
        : new EntryWriter({ ...parts, catalog: catalogued.catalog, directory: catalogued.directory, log, changed, broken: events.broken });
    this.#ingester =
      ingest === null || place.kind !== "file"
        ? null
        : new Ingester({
            queue: new LedgerQueue({ ...parts, directory: place.directory, again: ingest.again }),
            settings: ingest,
            name: settings.name,
            clock,
            log,
            changed,
            broken: events.broken,
          });
  }

  get trouble(): string | null {
    return this.gate?.trouble ?? this.#entries?.trouble ?? this.#ingester?.trouble ?? null;
  }

  /** What a person should know though nothing waits for it; null: nothing. */
  get notice(): string | null {
    const refused = this.#entries?.counts.refused ?? 0;
    return refused === 0 ? null : `${formatMany(refused, "delivered file")} cannot be entered into the catalog; the log says why`;
  }

  start(): void {
    this.#entries?.wake();
    this.#ingester?.start();
  }

  /** There are new receipts, or a person wants what failed to be done again. */
  wake(): void {
    // At once: a source file whose turn it is to go waits for its row.
    this.#entries?.finish();
    this.#entries?.wake();
    this.#ingester?.wake();
  }

  async finish(): Promise<void> {
    this.#entries?.finish();
    await this.#ingester?.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#entries?.[Symbol.dispose]();
    await this.#ingester?.[Symbol.asyncDispose]();
  }
}

function cataloguedOf({ settings, flow, db, reader, clock, log, all }: AfterDeliveryOptions, { directory }: LocalPlace) {
  const { catalog: wanted } = settings.finish;
  if (wanted === null) return null;
  const algorithm = digestOf(settings);
  assert(algorithm !== null, "a rule of the configuration refuses a catalog without digests");
  const catalog = new Catalog(wanted);
  const entry = { id: flow, settings };
  const gate = new DuplicateGate({
    catalog,
    duplicates: wanted.duplicates,
    flow: entry,
    all,
    directory,
    algorithm,
    db,
    reader,
    clock,
    log,
  });
  return { catalog, gate, directory };
}
