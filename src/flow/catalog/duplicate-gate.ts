import { realpath, stat } from "node:fs/promises";
import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock, SteadyMs } from "../../kernel/clock.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { type AbsPath, below, bytesOf, fsPath, join, nameOf, type RelPath, show } from "../../kernel/path.ts";
import type { DigestAlgorithm } from "../digest.ts";
import { refusalToRemove } from "../finish/may-remove.ts";
import { type FlowEntry, otherFlows, sharing } from "../finish/other-flows.ts";
import { removeSource, restoreSource } from "../finish/removal.ts";
import { owedRowOf } from "../ledger/catalog-owed.ts";
import type { Database } from "../ledger/database.ts";
import type { Outcome } from "../ledger/outcomes.ts";
import type { SourceReader } from "../read/source-reader.ts";
import type { ClaimedPut } from "../send/context.ts";
import type { Gate, Passed } from "../send/gate.ts";
import { sourceFileOf } from "../source-file.ts";
import type { ClaimedTransfer, TransferId } from "../transfer.ts";
import { type Catalog, type CatalogRow, describeRow, type Lookup } from "./catalog.ts";

/** A file whose name or content another is being delivered with waits for that one's end. */
const TAKEN_AGAIN_MS = 1000;
/** What cannot be decided now is asked about again after so long. */
const AGAIN_MS = 5000;
/** A catalog that cannot be asked. */
const AGAIN: Backoff = { minMs: 500, maxMs: 30_000 };
/** More names than this are not remembered without asking which are still of use. */
const KEYS_MAX = 20_000;

export type DuplicateGateOptions = {
  catalog: Catalog;
  duplicates: "keep" | "delete";
  flow: FlowEntry;
  all: () => FlowEntry[];
  directory: AbsPath;
  algorithm: DigestAlgorithm;
  db: Database;
  reader: SourceReader;
  clock: Clock;
  log: Log;
};

/**
 * A catalog has each name and each content once: what it has already is not delivered again, and what it has no place for is not delivered
 * at all. Of two new files with one name or one content, the second waits until the first has its row.
 */
export class DuplicateGate implements Gate {
  readonly #options: DuplicateGateOptions;
  readonly #taken = new Map<string, number>();
  #trouble: string | null = null;
  #failures = 0;
  #notBefore: SteadyMs = 0;

  constructor(options: DuplicateGateOptions) {
    this.#options = options;
  }

  get trouble(): string | null {
    return this.#trouble;
  }

  heldUntil(): SteadyMs | null {
    const { catalog, clock } = this.#options;
    if (this.#trouble === null) return null;
    if (this.#notBefore > clock.steady()) return this.#notBefore;
    try {
      catalog.findAll([]);
      this.#trouble = null;
      this.#failures = 0;
      return null;
    } catch (error) {
      return this.#hold(error);
    }
  }

  #hold(error: unknown): SteadyMs {
    const { clock, log } = this.#options;
    this.#failures++;
    this.#notBefore = clock.steady() + backoffDelayMs(AGAIN, this.#failures);
    if (this.#trouble === null) log.warn(`waiting: ${messageOf(error)}; nothing is delivered before the catalog was asked`);
    this.#trouble = messageOf(error);
    return this.#notBefore;
  }

  async pass(claimed: readonly ClaimedTransfer[]): Promise<Passed> {
    const puts = await Promise.all(
      claimed.flatMap(({ change, ...transfer }) =>
        change.kind === "put" ? [this.#read({ ...transfer, change }).catch(() => ({ put: { ...transfer, change }, hex: null }))] : [],
      ),
    );
    const looked = puts.flatMap(({ put, hex }) => (hex === null ? [] : [{ put, hex }]));
    let found: Lookup[];
    try {
      found = this.#options.catalog.findAll(looked.map(({ put, hex }) => ({ path: put.change.path, hex })));
    } catch (error) {
      const dueAt = this.#hold(error);
      const outcome: Outcome = { kind: "hand-back", reason: messageOf(error), dueAt, litter: false };
      return { sent: [], ended: claimed.map((transfer) => ({ transfer, outcome })) };
    }
    const outcomes = new Map<TransferId, Outcome | null>();
    for (const [at, { put, hex }] of looked.entries())
      outcomes.set(put.id, await this.#judge(put, hex, found[at]!).catch((error: unknown) => this.#later(messageOf(error), AGAIN_MS)));
    const outcomeOf = (transfer: ClaimedTransfer): Outcome | null => outcomes.get(transfer.id) ?? null;
    return {
      sent: claimed.filter((transfer) => outcomeOf(transfer) === null),
      ended: claimed.flatMap((transfer) => {
        const outcome = outcomeOf(transfer);
        return outcome === null ? [] : [{ transfer, outcome }];
      }),
    };
  }

  /** Its row is of this very content: what is there instead is damaged. Throws `catalog-failed`. */
  mayReplace(path: RelPath, hex: string): boolean {
    const found = this.#options.catalog.find(path, hex);
    return found.kind === "same" && found.row.path === path;
  }

  /** `hex` null: whoever sends finds out what is the matter with it. */
  async #read(put: ClaimedPut): Promise<{ put: ClaimedPut; hex: string | null }> {
    return { put, hex: (await this.#digest(put)) ?? ((await this.#putBack(put)) ? await this.#digest(put) : null) };
  }

  /** How the attempt ends here; null: it goes on. */
  async #judge(put: ClaimedPut, hex: string, found: Lookup): Promise<Outcome | null> {
    switch (found.kind) {
      case "none":
        return this.#take(put, hex);
      case "same":
        // It was delivered to this very place, and a kill, or somebody who brings it again, lets it come once more: it is proved there anew.
        if (found.row.path === put.change.path) return this.#take(put, hex);
        return await this.#duplicate(put, hex, found.row);
      case "other":
        return giveUp("catalog-conflict", put, conflictOf(found, this.#options.directory));
    }
  }

  async #digest(put: ClaimedPut): Promise<string | null> {
    const { reader, flow, algorithm } = this.#options;
    const found = await reader.digest(sourceFileOf(flow.settings.source, put), put.change.version, algorithm);
    return found.kind === "digest" ? found.hex : null;
  }

  /** A kill may have come while a duplicate was being removed. */
  async #putBack(put: ClaimedPut): Promise<boolean> {
    if (!isBelowRoot(put)) return false;
    const { root } = this.#options.flow.settings.source;
    return (await restoreSource({ root, path: put.change.path, transfer: put.id })).kind === "not-the-version";
  }

  #take(put: ClaimedPut, hex: string): Outcome | null {
    const keys = [`name ${nameOf(put.change.path)}`, `content ${hex}`];
    if (this.#taken.size > KEYS_MAX) for (const [key, id] of this.#taken) if (!this.#isOpen(id)) this.#taken.delete(key);
    const isTaken = keys.some((key) => {
      const by = this.#taken.get(key);
      return by !== undefined && by !== put.id && this.#isOpen(by);
    });
    if (isTaken) return this.#later("another file with its name or its content is being delivered; the catalog takes one", TAKEN_AGAIN_MS);
    for (const key of keys) this.#taken.set(key, put.id);
    return null;
  }

  /** It is being delivered, or its row will be written in a moment. */
  #isOpen(id: number): boolean {
    const { db } = this.#options;
    return db.get("SELECT 1 FROM transfer WHERE id = ? AND state = 'sending'", id) !== undefined || owedRowOf(db, id)?.refused === null;
  }

  async #duplicate(put: ClaimedPut, hex: string, row: CatalogRow): Promise<Outcome> {
    const { duplicates, directory } = this.#options;
    const named = describeRow(row, directory);
    if (duplicates === "keep" || !isBelowRoot(put)) return giveUp("duplicate", put, `${named}; the file stays in the source`);
    const lacking = await this.#whatLacks(put, hex, row);
    if (lacking !== null) return giveUp("duplicate", put, `${named}, but ${lacking}; so the file stays in the source`);
    return await this.#remove(put, hex, named);
  }

  /** Why the bytes of a duplicate are not known to be where the catalog says (P4); null: they were read back there. */
  async #whatLacks(put: ClaimedPut, hex: string, row: CatalogRow): Promise<string | null> {
    const { directory, reader, algorithm, flow } = this.#options;
    const there = join(directory, row.path);
    const source = sourceFileOf(flow.settings.source, put).path;
    const found = await reader.digest(there, null, algorithm);
    if (found.kind !== "digest") return `what is to be there cannot be read (${found.kind === "unreadable" ? found.errno : found.kind})`;
    if (found.hex !== hex) return "what is there has other content than the catalog says";
    const [one, other] = await Promise.all([stat(fsPath(there), { bigint: true }), stat(fsPath(source), { bigint: true })]);
    if (one.dev === other.dev && one.ino === other.ino && one.nlink < 2n) return "that is this very file";
    // A row, or a symlink, may lead back to where the duplicate is: then there would be no copy in the destination.
    const [place, root] = await Promise.all(
      [there, flow.settings.source.root].map(async (path) => bytesOf(await realpath(fsPath(path), { encoding: "buffer" })) as AbsPath),
    );
    return below(root!, place!) === null ? null : "that place is in the source itself";
  }

  async #remove(put: ClaimedPut, hex: string, named: string): Promise<Outcome> {
    const { flow, all, db, reader, algorithm, log } = this.#options;
    const { path, version } = put.change;
    const refusal = refusalToRemove({ receiptIsNewest: true, others: otherFlows(db, await sharing(all(), flow, path), version) });
    if (refusal !== null) return this.#later(`a duplicate of ${named} that stays for now: ${refusal}`, AGAIN_MS);
    const digest = { algorithm, hex };
    const end = await removeSource({ root: flow.settings.source.root, path, transfer: put.id, version, digest, hold: null }, reader);
    switch (end.kind) {
      case "removed":
      case "already-gone":
      case "held":
        log.info(`${show(path)}: a duplicate of ${named}, whose bytes were compared; removed from the source`);
        return { kind: "superseded", reason: `a duplicate of ${named}, whose bytes were compared; removed from the source`, litter: false };
      case "set-aside":
      case "not-the-version":
        return this.#later("it changed while it was compared", TAKEN_AGAIN_MS);
      case "refused":
        return giveUp("duplicate", put, `${named}; it cannot be removed from the source: ${end.detail}`);
    }
  }

  #later(reason: string, afterMs: number): Outcome {
    return { kind: "hand-back", reason, dueAt: this.#options.clock.steady() + afterMs, litter: false };
  }
}

/** Whether its path says where it is: it came by no message, and nobody named its file. */
function isBelowRoot({ origin, file }: ClaimedPut): boolean {
  return origin === null && file === null;
}

function conflictOf({ row, by }: Lookup & { kind: "other" }, directory: AbsPath): string {
  const has = by === "name" ? "has its name, and other content" : "has its content, and another name";
  return `${describeRow(row, directory)} ${has}; the file stays in the source`;
}

function giveUp(code: "duplicate" | "catalog-conflict", put: ClaimedPut, detail: string): Outcome {
  return { kind: "give-up", error: new HotdirError(code, { operation: "deliver", path: put.change.path, detail }), litter: false };
}
