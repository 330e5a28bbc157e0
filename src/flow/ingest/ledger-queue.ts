import type { Clock } from "../../kernel/clock.ts";
import { type AbsPath, join, show } from "../../kernel/path.ts";
import type { Database, Row } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import { endIngests, handBackIngests, interruptedIngests, takeIngests } from "../ledger/ingests.ts";
import { pathFrom } from "../ledger/rows.ts";
import { movedAway } from "../ledger/whereabouts.ts";
import type { TransferId } from "../transfer.ts";
import type { IngestEnd, IngestFile, IngestQueue } from "./contract.ts";
import { look } from "./look.ts";

export type LedgerQueueOptions = {
  db: Database;
  /** The flow, and the rows that it had before at the same destination. */
  flows: readonly FlowId[];
  /** Where the files are. */
  directory: AbsPath;
  /** What an end of hotdir interrupted is due again by itself. */
  again: boolean;
  clock: Clock;
};

/** The deliveries of one flow, in the ledger. */
export class LedgerQueue implements IngestQueue {
  readonly #options: LedgerQueueOptions;

  constructor(options: LedgerQueueOptions) {
    this.#options = options;
  }

  begin(): number {
    const { db, flows, clock, again } = this.#options;
    return interruptedIngests(db, flows, clock.wall(), again);
  }

  take(limit: number): IngestFile[] {
    const { db, flows, clock, directory } = this.#options;
    return takeIngests(db, flows, limit, clock.wall()).map(({ transfer, path }) => ({ id: transfer, path: join(directory, path) }));
  }

  /** Somebody else may have taken it away; the command would only say so in its own words. */
  refusal({ id, path }: IngestFile): Pick<IngestEnd, "status" | "message"> | null {
    const there = look(path);
    if (there.kind === "there") return null;
    if (there.kind === "unknown") return { status: "FAILURE", message: `${show(path)} cannot be looked at: ${there.why}` };
    if (hasMoved(this.#options.db, id))
      return { status: "IGNORED", message: "its directory has another name by now; it is ingested under that" };
    return { status: "FAILURE", message: `${show(path)} is not there any more` };
  }

  record(ends: readonly IngestEnd[]): void {
    endIngests(
      this.#options.db,
      ends.map(({ file, ...end }) => ({ transfer: file.id, ...end })),
    );
  }

  handBack(files: readonly IngestFile[]): void {
    const { db, clock } = this.#options;
    handBackIngests(
      db,
      files.map(({ id }) => id),
      clock.wall(),
    );
  }
}

/** What is in a directory that was renamed there is delivered once more, under its new name. */
function hasMoved(db: Database, transfer: TransferId): boolean {
  const row = db.get<Row & { flow: number; path: Uint8Array }>("SELECT flow, path FROM transfer WHERE id = ?", transfer);
  return row !== undefined && movedAway(db, row.flow, pathFrom(row.path), transfer);
}
