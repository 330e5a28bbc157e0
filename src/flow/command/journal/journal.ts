import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../../../kernel/errors.ts";
import type { Log } from "../../../kernel/log.ts";
import { type AbsPath, show, textOf } from "../../../kernel/path.ts";
import { formatMany } from "../../../kernel/readable.ts";
import { batch, deliveredMember, type FiledMember, membersOf } from "../../ledger/batches.ts";
import type { Database } from "../../ledger/database.ts";
import type { FlowId } from "../../ledger/flows.ts";
import { countOwed, type Owed, owedEntries, settle } from "../../ledger/journal-owed.ts";
import { batchRow, fileRow, isLocked, makeIndexes, markHeld, missingTables } from "./tables.ts";

const ROUND_MAX = 200;
/** All of us waits while the database is waited for: it is asked again instead. */
const BUSY_MS = 50;
const AGAIN_MS = 500;
const AGAIN_MAX_MS = 10_000;
const GATHER_MS = 50;
/** What is moved to the holding area tells nobody but the ledger. */
const LOOK_EVERY_MS = 1000;
/** How long an end waits for a database that another process has locked. */
const FINISH_BOUND_MS = 10_000;

export type JournalOptions = { db: Database; flow: FlowId; file: AbsPath; log: Log; changed: () => void };

/**
 * Writes batches, and what was held, into a database of the user's, which others read and may lock. The ledger owes each entry until it is there, and each is
 * written once, whatever ends in between. Nothing waits for it: what cannot be written now is written later.
 */
export class Journal implements Disposable {
  /** Why nothing can be written now, and what waits; null: nothing is known against it. */
  trouble: string | null = null;
  readonly #options: JournalOptions;
  /** Batches under way whose files are there. */
  readonly #filed = new Set<number>();
  #timer: NodeJS.Timeout | null = null;
  #ticking: NodeJS.Timeout | null = null;
  #failures = 0;
  #ended = false;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ticking = setInterval(() => {
      if (this.#timer === null && countOwed(this.#options.db, this.#options.flow) > 0) this.wake();
    }, LOOK_EVERY_MS);
    this.wake();
  }

  /** There is something to write. */
  wake(): void {
    if (this.#ended || this.#timer !== null) return;
    const waitMs = this.#failures === 0 ? GATHER_MS : Math.min(AGAIN_MAX_MS, AGAIN_MS * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#write();
      if (countOwed(this.#options.db, this.#options.flow) > 0) this.wake();
    }, waitMs);
  }

  /** What is owed now is written when this resolves, unless the database cannot be had. */
  async finish(): Promise<void> {
    const deadline = performance.now() + FINISH_BOUND_MS;
    while (countOwed(this.#options.db, this.#options.flow) > 0 && performance.now() < deadline) {
      this.#write();
      if (this.trouble !== null) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  #write(): void {
    const { db, flow, file, log } = this.#options;
    const owed = owedEntries(db, flow, ROUND_MAX);
    if (owed.length === 0) return this.#well();
    try {
      const written = this.#writeInto(file, owed);
      settle(db, written);
      this.#well();
    } catch (error) {
      const waiting = formatMany(countOwed(db, flow), "entry", "entries");
      const before = this.trouble;
      this.trouble = `the journal ${show(file)} cannot be written now: ${reasonOf(error)}; what it is owed (${waiting}) waits in the ledger, and files go on meanwhile`;
      this.#failures++;
      if (before === null) log.warn(this.trouble);
      this.#options.changed();
    }
  }

  #well(): void {
    this.#failures = 0;
    if (this.trouble === null) return;
    this.trouble = null;
    this.#options.log.info(`the journal ${show(this.#options.file)} is written again`);
    this.#options.changed();
  }

  /** All of it or nothing. Returns what needs no more. */
  #writeInto(file: AbsPath, owed: Owed[]): Owed[] {
    if (!existsSync(textOf(file))) throw new Error("it is not there; 'hotdir hdfmgr initdb CONFIG' makes it");
    const sqlite = new DatabaseSync(textOf(file), { timeout: BUSY_MS });
    try {
      const missing = missingTables(sqlite);
      if (missing.length > 0) throw new Error(`it has no table ${missing.join(", ")}; 'hotdir hdfmgr initdb CONFIG' makes them`);
      sqlite.exec("BEGIN IMMEDIATE");
      makeIndexes(sqlite);
      const written = owed.filter((entry) => this.#writeOne(sqlite, entry));
      sqlite.exec("COMMIT");
      return written;
    } finally {
      sqlite.close();
    }
  }

  #writeOne(sqlite: DatabaseSync, owed: Owed): boolean {
    const { db } = this.#options;
    if (owed.kind === "held") {
      const member = deliveredMember(db, owed.transfer);
      if (member !== null && isFiled(member)) markHeld(sqlite, fileRow(sqlite, member), owed.atUs);
      return true;
    }
    const story = batch(db, owed.batch);
    if (story.status === null && this.#filed.has(story.id)) return false;
    const files = membersOf(db, owed.batch)
      .filter(isFiled)
      .map((member) => fileRow(sqlite, member));
    if (story.status === null) {
      this.#filed.add(story.id);
      return false;
    }
    this.#filed.delete(story.id);
    if (files.length > 0) batchRow(sqlite, story, files);
    return true;
  }

  /** With a last try: what cannot be written now is written at the next start. */
  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#ticking !== null) clearInterval(this.#ticking);
    this.#write();
  }
}

/** What was sent before there was a journal may have a digest of another kind, or none. */
function isFiled({ digest }: FiledMember): boolean {
  return digest?.algorithm === "blake2b";
}

function reasonOf(error: unknown): string {
  return isLocked(error) ? "another process has locked it" : messageOf(error);
}
