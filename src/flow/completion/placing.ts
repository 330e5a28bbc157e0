import type { SteadyMs } from "../../kernel/clock.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { Database } from "../ledger/database.ts";
import * as sets from "../ledger/file-sets.ts";
import type { FlowId } from "../ledger/flows.ts";
import { manifestOf } from "../ledger/manifests.ts";
import type { EndedAttempt } from "../ledger/outcomes.ts";
import { type Placed, takeUnplaced } from "../ledger/set-scope.ts";
import { addWait, endWait } from "../ledger/set-waits.ts";
import { type SetPaths, timecodeOf } from "./set-paths.ts";

/** What adds a file to a set, or would. */
const BRINGING = new Set(["put", "link", "rename"]);

/** Sets by their paths, for the length of one call: none is decided in the midst of it. */
type KnownSets = Map<RelPath, sets.FileSet>;

/** Knows to which sets the transfers of one flow belong. All its calls are made in transactions of the ledger. */
export class Placing {
  readonly #db: Database;
  readonly #flow: FlowId;
  readonly #paths: SetPaths;

  constructor(db: Database, flow: FlowId, paths: SetPaths) {
    this.#db = db;
    this.#flow = flow;
    this.#paths = paths;
  }

  /** Places what was recorded since, `limit` rows of the ledger at most. `touched`: open sets that have something new. */
  catchUp(limit: number, now: SteadyMs): { touched: sets.SetId[]; caughtUp: boolean } {
    const { placed, caughtUp } = takeUnplaced(this.#db, this.#flow, limit);
    const touched = new Set<sets.SetId>();
    const known: KnownSets = new Map();
    for (const transfer of placed) for (const set of this.#place(transfer, now, known)) touched.add(set);
    return { touched: [...touched], caughtUp };
  }

  /** The sets that the ends of attempts may complete. */
  ended(held: EndedAttempt[]): sets.SetId[] {
    const touched = new Set<sets.SetId>();
    const directories = new Map<sets.SetId, RelPath | null>();
    for (const { transfer, outcome } of held) {
      const isEnd = outcome.kind === "delivered" || outcome.kind === "superseded" || outcome.kind === "give-back";
      for (const set of isEnd ? endWait(this.#db, transfer.id) : []) {
        touched.add(set);
        if (outcome.kind !== "delivered" || !BRINGING.has(transfer.change.kind)) continue;
        if (!directories.has(set)) directories.set(set, sets.setById(this.#db, set)?.path ?? null);
        // A rename also ends in the set that it took the file from.
        const { path } = transfer.change;
        if (path.startsWith(`${directories.get(set)}/`)) this.#arrive(set, path, transfer.id);
      }
    }
    return [...touched];
  }

  #place(transfer: Placed, now: SteadyMs, known: KnownSets): sets.SetId[] {
    const { id, kind, path, state, directory, elsewhere } = transfer;
    if (state === "superseded" || (state === "ignored" && !elsewhere)) return [];
    const brings = BRINGING.has(kind) && !directory;
    const concerned = this.#paths.above(path).flatMap((set) => {
      const found = known.get(set) ?? sets.setAt(this.#db, this.#flow, set) ?? (brings ? this.#add(set, transfer, now) : null);
      if (found !== null) known.set(set, found);
      return found ?? [];
    });
    if (brings) for (const set of concerned) if (set.decidedAtMs !== null) this.#countLate(set, transfer);
    const open = concerned.filter((set) => set.decidedAtMs === null);
    for (const set of open) {
      if (brings) sets.recordNews(this.#db, set.id, now);
      if (brings && state === "delivered") this.#arrive(set.id, path, id);
    }
    const waiting = [...open, ...this.#movedOrCleared(transfer)];
    if (state !== "delivered" && !elsewhere) for (const set of waiting) addWait(this.#db, set.id, id);
    return waiting.map((set) => set.id);
  }

  /** Of a set that has its manifest nothing is waited for any more; what comes is only counted. */
  #countLate(set: sets.FileSet, { id, path }: Placed): void {
    const manifest = manifestOf(this.#db, set.id);
    if (manifest !== null && id > manifest.afterTransfer && path !== manifest.path) sets.recordLate(this.#db, set.id);
  }

  #add(path: RelPath, { seenAtMs }: Placed, now: SteadyMs): sets.FileSet {
    const id = sets.addSet(this.#db, this.#flow, path, { timecode: timecodeOf(path), seenAtMs, newsAt: now });
    return sets.setById(this.#db, id)!;
  }

  /** Sets that a rename takes something from, and those that go, or come, with a directory. */
  #movedOrCleared({ kind, path, from, directory }: Placed): sets.FileSet[] {
    const ofDirectory = directory || kind === "rmdir";
    const concerned = [
      ...(from === null ? [] : this.#paths.above(from)),
      ...(ofDirectory ? [path, ...(from === null ? [] : [from])].filter((one) => this.#paths.isSet(one)) : []),
    ].flatMap((set) => sets.setAt(this.#db, this.#flow, set) ?? []);
    const below = ofDirectory ? [path, ...(from === null ? [] : [from])].flatMap((one) => sets.setsBelow(this.#db, this.#flow, one)) : [];
    return [...concerned, ...below].filter((set) => set.decidedAtMs === null);
  }

  #arrive(set: sets.SetId, path: RelPath, transfer: number): void {
    if (!sets.arrivedBefore(this.#db, this.#flow, path, transfer)) sets.recordArrival(this.#db, set);
  }
}
