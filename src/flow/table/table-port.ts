import type { Clock, SteadyMs } from "../../kernel/clock.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { ManifestPort, Readiness } from "../completion/manifest-port.ts";
import type { Database } from "../ledger/database.ts";
import type { FileSet } from "../ledger/file-sets.ts";
import type { FlowId } from "../ledger/flows.ts";
import type { Manifest } from "../ledger/manifests.ts";
import { noteFinal, noteWhole } from "../ledger/table-sets.ts";
import { verifiedElsewhereBelow } from "../ledger/table-paths.ts";
import { archiveFacts } from "../ledger/table-source.ts";
import type { TableEntrance } from "./table-entrance.ts";

/** Manifests of a flow whose queue is a table: they are registered as rows of it, and come back as any other. */
export class TablePort implements ManifestPort {
  readonly #db: Database;
  readonly #flow: FlowId;
  readonly #clock: Clock;
  readonly #table: TableEntrance;

  constructor({ db, flow, clock }: { db: Database; flow: FlowId; clock: Clock }, table: TableEntrance) {
    this.#db = db;
    this.#flow = flow;
    this.#clock = clock;
    this.#table = table;
  }

  /** The row is owed to the table from this commit on. */
  enter({ set }: Manifest): void {
    noteFinal(this.#db, this.#flow, set);
    this.#table.tellSoon();
  }

  /** The rows that another program delivered and verified before. */
  membersElsewhere(set: FileSet): Iterable<RelPath> {
    return verifiedElsewhereBelow(this.#db, this.#flow, set.path);
  }

  finalizedUntilS(): number {
    const nowS = this.#clock.wall() / 1000;
    return archiveFacts(this.#db, this.#flow, nowS)?.finalizedUntilS ?? nowS;
  }

  /** Only once all rows that were there by then are followed; and not where another program has made the set final. */
  readiness({ id, timecode }: FileSet, since: SteadyMs): Readiness {
    const { readAtMs, finalElsewhere } = this.#table;
    const sinceMs = this.#clock.wall() - (this.#clock.steady() - since);
    if (readAtMs === null || finalElsewhere === null || readAtMs < sinceMs) return "later";
    if (timecode !== null && finalElsewhere.has(timecode)) return "final-elsewhere";
    if (noteWhole(this.#db, this.#flow, id)) this.#table.tellSoon();
    return "ready";
  }
}
