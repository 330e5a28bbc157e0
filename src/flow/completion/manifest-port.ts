import { lstatSync } from "node:fs";
import type { Clock, SteadyMs, WallMs } from "../../kernel/clock.ts";
import { fsPath, type RelPath } from "../../kernel/path.ts";
import * as admissions from "../ledger/admissions.ts";
import { oldestUndelivered } from "../ledger/claims.ts";
import type { Database } from "../ledger/database.ts";
import type { FileSet } from "../ledger/file-sets.ts";
import type { FlowId } from "../ledger/flows.ts";
import type { Manifest } from "../ledger/manifests.ts";
import { recordNamedFile } from "../ledger/named-files.ts";
import { versionOf } from "../version.ts";

export type Readiness = "ready" | "later" | "final-elsewhere";

/** How a manifest gets into its flow, and what the flow's source knows of all its files: a port, since a source may have a queue of its own. */
export interface ManifestPort {
  /**
   * The manifest's file is written: it is to be sent as any other of the flow. Called in a transaction of the ledger, and again where a
   * kill came before that was committed, or the file had to be written anew: must come to the same.
   */
  enter(manifest: Manifest): void;
  /**
   * Whether a set that is whole since then may be decided: a source may hold rows of it that nobody has read yet, or say that another program has
   * told of it. Called in a transaction of the ledger.
   */
  readiness(set: FileSet, wholeSince: SteadyMs): Readiness;
  /** Files of the set that are at the destination by the word of another program: it has no receipt of ours for them. */
  membersElsewhere(set: FileSet): Iterable<RelPath>;
  /** In seconds of Unix time: what was seen until then is delivered. Called in the transaction that decides a set. */
  finalizedUntilS(): number;
}

/** For flows whose queue is the ledger itself: the manifest is a transfer that names its file. */
export class LedgerPort implements ManifestPort {
  readonly #db: Database;
  readonly #flow: FlowId;
  readonly #clock: Clock;

  constructor({ db, flow, clock }: { db: Database; flow: FlowId; clock: Clock }) {
    this.#db = db;
    this.#flow = flow;
    this.#clock = clock;
  }

  enter({ path, file, digest }: Manifest): void {
    const at: { wall: WallMs; steady: SteadyMs } = { wall: this.#clock.wall(), steady: this.#clock.steady() };
    const stat = lstatSync(fsPath(file), { bigint: true });
    const before = admissions.newest(this.#db, this.#flow, path);
    if (before !== null) admissions.supersede(this.#db, before.id, "the manifest was written anew", at.wall);
    const change = { kind: "put", path, version: versionOf(stat), mode: Number(stat.mode & 0o7777n), links: 1 } as const;
    recordNamedFile(this.#db, this.#flow, admissions.recordQueued(this.#db, this.#flow, change, at), { path: file, digest });
  }

  readiness(): Readiness {
    return "ready";
  }

  membersElsewhere(): Iterable<RelPath> {
    return [];
  }

  /** One second before the oldest file that was seen and is not delivered; now, where there is none. */
  finalizedUntilS(): number {
    const oldest = oldestUndelivered(this.#db, this.#flow);
    return oldest === null ? this.#clock.wall() / 1000 : oldest / 1000 - 1;
  }
}
