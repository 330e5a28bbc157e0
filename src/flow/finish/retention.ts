import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { absPath, type Bytes, nameOf, type RelPath, show } from "../../kernel/path.ts";
import type { Database } from "../ledger/database.ts";
import { uncatalogued } from "../ledger/catalog-owed.ts";
import { emptiedByUs } from "../ledger/emptied.ts";
import { messageOfTransfer } from "../ledger/messages.ts";
import { ledgerToken } from "../ledger/meta.ts";
import { namedFile } from "../ledger/named-files.ts";
import * as ledger from "../ledger/retention.ts";
import { owesFile } from "../ledger/table-paths.ts";
import { noteRemoved } from "../ledger/table-rows.ts";
import { baseHere } from "../receive/source-look.ts";
import type { SourceReader } from "../read/source-reader.ts";
import { removeEmptyDirectories } from "./empty-directories.ts";
import { followsLinks } from "../settings.ts";
import { type OtherFlow, refusalToRemove } from "./may-remove.ts";
import { type FlowEntry, otherFlows, sharing, type ToldFile } from "./other-flows.ts";
import type { NamedFile } from "../transfer.ts";
import { type RemovalEnd, removeSource, restoreSource } from "./removal.ts";

const BATCH = 64;
const TICK_MS = 1000;
/** A removal that was refused is tried again after so long, reported only once. */
const AGAIN_MS = 10 * 60_000;

export type { FlowEntry };

/** Removes or holds the source files of one flow when their time has come. */
export class Retention implements AsyncDisposable {
  readonly #db: Database;
  readonly #flow: FlowEntry;
  readonly #all: () => FlowEntry[];
  readonly #reader: SourceReader;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #halted: () => boolean;
  readonly #ledger: string | undefined;
  #timer: NodeJS.Timeout | null = null;
  #working: Promise<void> = Promise.resolve();
  #stopped = false;
  #directoriesLookedAt = 0;

  constructor(options: {
    db: Database;
    flow: FlowEntry;
    /** Every flow of the configuration, whether or not it runs: two may share a source. */ all: () => FlowEntry[];
    reader: SourceReader;
    clock: Clock;
    log: Log;
    /** The source is not as it was: nothing in it is touched. */ halted?: () => boolean;
  }) {
    this.#db = options.db;
    this.#flow = options.flow;
    this.#all = options.all;
    this.#reader = options.reader;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#halted = options.halted ?? (() => false);
    const { source, vip } = options.flow.settings;
    // Hosts that share an address or a queue may share the source too, and their ledgers count alike.
    this.#ledger = source.kind === "subscribed" || vip !== null ? ledgerToken(options.db) : undefined;
    // What the sender reads and what is removed here stay in the same tree.
    options.reader.stayBelow(options.flow.settings.source.root);
  }

  start(): void {
    if (this.#flow.settings.retain.kind === "keep") return;
    this.#working = this.#round();
  }

  /** Removals that are due now are done when this resolves. For `run --until-idle`. */
  async settle(): Promise<void> {
    await this.#working;
    if (this.#flow.settings.retain.kind !== "keep") await this.#removeDue();
  }

  async #round(): Promise<void> {
    try {
      await this.#removeDue();
      await this.#tidy();
    } catch (error) {
      // A ledger that cannot be written is told by whoever sends; here it only means that nothing goes.
      this.#log.warn(`sources stay for now: ${messageOf(error)}`);
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#working = this.#round();
    }, TICK_MS);
  }

  async #removeDue(): Promise<void> {
    if (this.#halted()) return;
    for (const retained of ledger.interruptedRemovals(this.#db, this.#flow.id)) await this.#remove(retained);
    for (;;) {
      const due = ledger.dueForRemoval(this.#db, this.#flow.id, this.#clock.steady(), BATCH);
      for (const retained of due) {
        if (this.#stopped || this.#halted()) return;
        await this.#remove(retained);
      }
      if (due.length < BATCH) return;
    }
  }

  async #remove(retained: ledger.Retained): Promise<void> {
    const named = namedFile(this.#db, retained.id);
    const told = this.#toldFile(retained, named);
    const sharers = await sharing(this.#all(), this.#flow, retained.path, told);
    const refusal = refusalToRemove({
      receiptIsNewest: ledger.isNewest(this.#db, this.#flow.id, retained),
      uncatalogued: uncatalogued(this.#db, retained.id),
      others: [...otherFlows(this.#db, sharers, retained.version), ...this.#otherRows(retained, named)],
    });
    if (refusal !== null && !retained.removing) return this.#postpone(retained, refusal, "info");
    if (!retained.removing && !ledger.beginRemoval(this.#db, retained.id)) return;
    const { source, retain } = this.#flow.settings;
    const hold = retain.kind === "hold" ? retain.directory : null;
    const request = {
      root: told?.root ?? source.root,
      path: told?.path ?? retained.path,
      transfer: retained.id,
      ...(this.#ledger === undefined ? {} : { ledger: this.#ledger }),
      follow: followsLinks(source),
      version: retained.version,
      digest: retained.digest,
      hold,
      ...(named === null ? {} : { follow: true, heldAs: retained.path }),
    };
    // One that a kill interrupted may have become wrong since: a flow was added that shares the source, say. It is undone.
    this.#ended(retained, await (refusal === null ? removeSource(request, this.#reader) : restoreSource(request)));
  }

  /** Another row of the same table may name the same file. */
  #otherRows({ id }: ledger.Retained, named: NamedFile | null): OtherFlow[] {
    if (named === null) return [];
    return [
      { name: `another row of ${this.#flow.settings.name}`, wants: owesFile(this.#db, this.#flow.id, named.path, id), hasReceipt: false },
    ];
  }

  /** null: its path at the destination is its path below the root, too. */
  #toldFile({ id }: ledger.Retained, named: NamedFile | null): ToldFile | null {
    const { source } = this.#flow.settings;
    // The directories on the way to a file that somebody named are his, and so are symlinks among them.
    if (named !== null) return { root: absPath(`${named.path}/..` as Bytes), path: nameOf(named.path) as RelPath, message: null };
    const message = source.kind === "subscribed" ? messageOfTransfer(this.#db, id) : null;
    if (message === null || source.kind !== "subscribed") return null;
    return { root: baseHere(source, message.baseUrl) ?? source.root, path: message.relPath, message };
  }

  #ended(retained: ledger.Retained, end: RemovalEnd): void {
    const path = show(retained.path);
    switch (end.kind) {
      case "removed":
      case "already-gone":
        this.#record(retained, "removed", end.kind === "removed" ? this.#clock.wall() / 1000 : 0);
        return this.#log.debug(`${path}: removed from the source, it is delivered (transfer ${retained.id})`);
      case "held":
        this.#record(retained, "held", this.#clock.wall() / 1000);
        return this.#log.debug(`${path}: held at ${show(end.at)}`);
      case "set-aside":
        ledger.dropRetention(this.#db, retained.id);
        return this.#log.warn(
          `${path}: what was there before is kept as ${show(end.at)}: it was changed after its delivery, and a newer file has its name`,
        );
      case "not-the-version":
        return this.#postpone(retained, "the file is not the version that was delivered; the newer one is delivered first", "info");
      case "refused":
        return this.#postpone(retained, end.detail, "warn");
    }
  }

  /** Who follows a row tells it. */
  #record({ id }: ledger.Retained, end: "removed" | "held", atS: number): void {
    this.#db.transaction(() => {
      noteRemoved(this.#db, id, atS);
      ledger.endRemoval(this.#db, id, end);
    });
  }

  #postpone(retained: ledger.Retained, reason: string, level: "info" | "warn"): void {
    if (!ledger.isNewest(this.#db, this.#flow.id, retained)) return ledger.dropRetention(this.#db, retained.id);
    ledger.postponeRemoval(this.#db, retained.id, this.#clock.steady() + (level === "warn" ? AGAIN_MS : TICK_MS * 5), reason);
    // What is written down was reported, also by an earlier life of the daemon.
    if (retained.reason === reason) return;
    this.#log[level](`${show(retained.path)}: stays in the source: ${reason}; asked again later`);
  }

  async #tidy(): Promise<void> {
    const { source, retain } = this.#flow.settings;
    if (retain.kind === "keep" || retain.emptyDirectoriesAfterMs === null || source.kind !== "watched" || this.#halted()) return;
    const everyMs = Math.min(3600_000, Math.max(5000, retain.emptyDirectoriesAfterMs / 4));
    if (this.#clock.steady() - this.#directoriesLookedAt < everyMs) return;
    this.#directoriesLookedAt = this.#clock.steady();
    await removeEmptyDirectories(source.root, {
      olderThanMs: retain.emptyDirectoriesAfterMs,
      now: this.#clock.wall(),
      stopped: () => this.#stopped,
      emptied: (path) => emptiedByUs(this.#db, this.#flow.id, path),
      before: (path) => ledger.directoryRemovedByUs(this.#db, this.#flow.id, path),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#working;
  }
}
