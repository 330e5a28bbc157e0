import { lstatSync } from "node:fs";
import type { Clock } from "../../kernel/clock.ts";
import { never } from "../../kernel/errors.ts";
import { type AbsPath, ancestorsOf, type Bytes, fsPath, join, type RelPath } from "../../kernel/path.ts";
import type { Sighting } from "../detect/contract.ts";
import * as admissions from "../ledger/admissions.ts";
import { mayBeWithReceivers } from "../ledger/announcements.ts";
import type { Database } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import { isNamedElsewhere } from "../ledger/named-files.ts";
import { REPLACED } from "../ledger/replaced.ts";
import { takenByAnother } from "../ledger/taken-by-another.ts";
import { anythingBelow, atDestination, movedAway } from "../ledger/whereabouts.ts";
import type { DestinationSettings, SourceSettings } from "../settings.ts";
import type { Change } from "../transfer.ts";
import { type Decision, decide, type Facts } from "./decide.ts";
import { completeness } from "./settle.ts";

/** What a batch of sightings led to. */
export type Admitted = { queued: number; settling: number };

export type AdmissionSettings = { source: SourceSettings; destination: Pick<DestinationSettings, "preserve" | "place"> };

/** Turns sightings of one flow into changes of the ledger. */
export class Admission {
  readonly #db: Database;
  readonly #flow: FlowId;
  readonly #source: SourceSettings;
  readonly #keepsMode: boolean;
  readonly #publishes: boolean;
  readonly #clock: Clock;
  /** Most flows never rename a directory: then no file need be asked whether it came that way. */
  #directoriesMove: boolean;

  constructor(db: Database, flow: FlowId, settings: AdmissionSettings, clock: Clock) {
    this.#db = db;
    this.#flow = flow;
    this.#source = settings.source;
    this.#keepsMode = settings.destination.preserve.mode;
    this.#publishes = settings.destination.place.kind === "publish";
    this.#clock = clock;
    this.#directoriesMove = admissions.anyDirectoryMoved(db, flow);
  }

  /** One transaction: durable when it returns. */
  admit(sightings: Sighting[]): Admitted {
    const admitted: Admitted = { queued: 0, settling: 0 };
    this.#db.transaction(() => {
      for (const sighting of sightings) for (const decision of decide(sighting, this.#facts(sighting))) this.#apply(decision, admitted);
    });
    return admitted;
  }

  #facts(sighting: Sighting): Facts {
    const db = this.#db;
    const flow = this.#flow;
    const known = admissions.newest(db, flow, sighting.path);
    const isNoRemoval =
      sighting.kind === "gone" &&
      known !== null &&
      !known.removedByUs &&
      // Of a file that never was at its path, what is missing there tells nothing.
      (isNamedElsewhere(db, known.id) || takenByAnother(db, flow, sighting.path, known));
    return {
      known: isNoRemoval ? { ...known, removedByUs: true } : known,
      source: this.#source,
      nowMs: this.#clock.wall(),
      keepsMode: this.#keepsMode,
      completeness: (file) => completeness(this.#source.settle, file, known, this.#clock.steady(), this.#markerThere(file.path)),
      atDestination: (path) => atDestination(db, flow, path) ?? (this.#publishes ? mayBeWithReceivers(db, flow, path) : null),
      anythingBelow: (directory) => anythingBelow(db, flow, directory),
      movedAway: (path, since) => movedAway(db, flow, path, since),
      knownAt: (path) => admissions.newest(db, flow, path),
    };
  }

  #markerThere(path: RelPath): boolean {
    const { settle, root } = this.#source;
    return settle.kind === "marker" && exists(join(root, `${path}${settle.suffix}` as Bytes));
  }

  #apply(decision: Decision, admitted: Admitted): void {
    const db = this.#db;
    const flow = this.#flow;
    const at = { wall: this.#clock.wall(), steady: this.#clock.steady() };
    switch (decision.do) {
      case "queue":
        if (decision.change.kind === "rename" && decision.change.directory) this.#directoriesMove = true;
        admissions.recordQueued(db, flow, decision.change, at, decision.adopt ?? this.#cameByDirectoryMove(decision.change));
        admitted.queued++;
        return;
      case "settle-later":
        admissions.recordSettling(db, flow, decision.change, at.wall, decision);
        admitted.settling++;
        return;
      case "ignore":
        admissions.recordIgnored(db, flow, decision.change, at.wall, decision.reason);
        return;
      case "bury":
        admissions.recordDead(db, flow, decision.change, at.wall, decision.code, decision.reason);
        return;
      case "settled":
        admissions.settle(db, decision.id, decision.change, at.steady);
        admitted.queued++;
        return;
      case "unsettled":
        // A broker may have the message of the older version: another version under the same identity would be taken for that one.
        if (this.#publishes && admissions.wasTried(db, decision.id)) {
          admissions.supersede(db, decision.id, REPLACED, at.wall);
          admissions.recordSettling(db, flow, decision.change, at.wall, decision);
        } else admissions.unsettle(db, decision.id, decision.change, decision);
        admitted.settling++;
        return;
      case "name":
        admissions.recordLinks(db, decision.id, decision.links);
        return;
      case "supersede":
        admissions.supersede(db, decision.id, decision.reason, at.wall);
        return;
      case "supersede-below":
        admissions.supersedeBelow(db, flow, decision.directory, decision.reason, at.wall);
        return;
      default:
        never(decision);
    }
  }

  /** A file below a directory that is being renamed at the destination too: its bytes may be there already. */
  #cameByDirectoryMove(change: Change): boolean {
    return (
      this.#directoriesMove &&
      change.kind === "put" &&
      ancestorsOf(change.path).some((directory) => admissions.isDirectoryMoveTarget(this.#db, this.#flow, directory))
    );
  }
}

function exists(path: AbsPath): boolean {
  return lstatSync(fsPath(path), { throwIfNoEntry: false }) !== undefined;
}
