import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { type AbsPath, bytesOfText, join, type RelPath, show } from "../../kernel/path.ts";
import { formatMany } from "../../kernel/readable.ts";
import { newest } from "../ledger/admissions.ts";
import type { Database } from "../ledger/database.ts";
import * as sets from "../ledger/file-sets.ts";
import type { FlowId } from "../ledger/flows.ts";
import * as manifests from "../ledger/manifests.ts";
import type { EndedAttempt } from "../ledger/outcomes.ts";
import { beginScope } from "../ledger/set-scope.ts";
import { waitsForAny } from "../ledger/set-waits.ts";
import type { CompletionSettings, FlowSettings } from "../settings.ts";
import { type Decider, decideSet } from "./deciding.ts";
import { isThere, writeManifest } from "./manifest-file.ts";
import { variablesOf } from "./manifest-name.ts";
import type { ManifestPort } from "./manifest-port.ts";
import { Placing } from "./placing.ts";
import { SetPaths } from "./set-paths.ts";
import { type SetMoment, wholenessOf } from "./standing.ts";
import { Surveys } from "./surveys.ts";

const TICK_MS = 1000;
/** While many transfers are still to be placed, others have their turn in between. */
const BEHIND_MS = 10;
/** Rows of the ledger that are placed at a time: some milliseconds. */
const PLACED_AT_ONCE = 2000;
/** Open sets that are looked at in one tick; with more, each has its turn. */
const LOOKED_AT_ONCE = 256;
const MANIFESTS_AT_ONCE = 64;
/** After manifests of so many members others have their turn: some tenths of a second. A set is never divided. */
const MEMBERS_AT_ONCE = 20_000;

export type CompletionOptions = {
  db: Database;
  flow: FlowId;
  settings: FlowSettings;
  clock: Clock;
  log: Log;
  port: ManifestPort;
  /** Looks at paths of the source again. */
  look: (paths: RelPath[]) => void;
  /** Nothing of the source is as it was: it tells nothing. */
  halted: () => boolean;
  /** Something is in the queue that was not there before. */
  queued: () => void;
  changed: () => void;
  broken: (error: unknown) => void;
};

/** null: the flow knows no sets. */
export function completionOf(options: CompletionOptions): Completion | null {
  const { completion } = options.settings;
  return completion === null ? null : new Completion(options, completion);
}

/**
 * Knows the sets of one flow, and makes the manifest of each that is complete: decided in a commit of the ledger, then written, then
 * sent as any other file. Whatever is killed, what the ledger holds says how to go on.
 */
export class Completion implements AsyncDisposable {
  readonly #options: CompletionOptions;
  readonly #completion: CompletionSettings;
  readonly #placing: Placing;
  readonly #decider: Decider;
  readonly #surveys: Surveys | null;
  readonly #watchedSince: number;
  #cursor: RelPath | "" = "";
  #caughtUp = false;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #unwritable: string | null = null;
  #nameTaken: string | null = null;
  #toldIdle = false;
  /** How many members may still be told in this turn; below that, sets were put off. */
  #membersLeft = MEMBERS_AT_ONCE;
  #putOff = false;

  constructor(options: CompletionOptions, completion: CompletionSettings) {
    const { db, flow, settings, clock, port } = options;
    this.#options = options;
    this.#completion = completion;
    this.#watchedSince = clock.steady();
    const directory =
      completion.manifest.directory ?? join(bytesOfText(db.directory) as AbsPath, bytesOfText(`manifests/${settings.name}`));
    this.#decider = {
      db,
      flow,
      settings,
      completion,
      directory,
      finalizedUntilS: () => port.finalizedUntilS(),
      membersElsewhere: (set) => port.membersElsewhere(set),
    };
    this.#placing = new Placing(db, flow, new SetPaths(completion.sets));
    const { source } = settings;
    this.#surveys =
      source.kind === "watched"
        ? new Surveys({
            source,
            known: (path) => newest(db, flow, path),
            look: options.look,
            clean: (set, at) => this.#surveyed(set, at),
            broken: options.broken,
          })
        : null;
    beginScope(db, flow, String(completion.sets));
  }

  start(): void {
    this.#soon(0);
  }

  /** Whether nothing of it goes on by itself: what is complete has its manifest in the queue. */
  get idle(): boolean {
    const { db, flow } = this.#options;
    return this.#caughtUp && !this.#putOff && (this.#surveys?.idle ?? true) && manifests.manifestsAt(db, flow, "decided", 1).length === 0;
  }

  /** What a person should know; null: nothing. */
  get notice(): string | null {
    return this.#unwritable ?? this.#nameTaken ?? this.#surveys?.trouble ?? null;
  }

  /** Ends of attempts are being recorded, in this transaction: one of them may be the last that a set waited for. */
  recorded(held: EndedAttempt[]): void {
    const { touched, caughtUp } = this.#placing.catchUp(PLACED_AT_ONCE, this.#options.clock.steady());
    this.#caughtUp = caughtUp;
    for (const { transfer, outcome } of held) if (outcome.kind === "delivered") this.#delivered(transfer.change.path);
    let decided = 0;
    this.#beginTurn();
    for (const set of new Set([...touched, ...this.#placing.ended(held)])) decided += this.#look(set) ? 1 : 0;
    if (decided > 0 || !caughtUp || this.#putOff) this.#soon(0);
  }

  #soon(inMs: number): void {
    if (this.#stopped) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.round(), inMs);
  }

  /** One round of what goes on by itself. */
  round(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    let decided = 0;
    try {
      this.#enterManifests();
      this.#writeAnew();
      decided = this.#options.db.transaction(() => this.#lookAtSome());
    } catch (error) {
      this.#options.broken(error);
      return;
    }
    if (this.idle !== this.#toldIdle) this.#options.changed();
    this.#toldIdle = this.idle;
    this.#soon(decided > 0 || this.#putOff ? 0 : this.#caughtUp ? TICK_MS : BEHIND_MS);
  }

  #beginTurn(): void {
    this.#membersLeft = MEMBERS_AT_ONCE;
    this.#putOff = false;
  }

  #lookAtSome(): number {
    const { db, flow, clock } = this.#options;
    const { touched, caughtUp } = this.#placing.catchUp(PLACED_AT_ONCE, clock.steady());
    this.#caughtUp = caughtUp;
    this.#beginTurn();
    const some = sets.openSets(db, flow, this.#cursor, LOOKED_AT_ONCE);
    let decided = 0;
    for (const id of new Set([...touched, ...some.map((set) => set.id)])) decided += this.#look(id) ? 1 : 0;
    if (!this.#putOff) this.#cursor = some.length < LOOKED_AT_ONCE ? "" : some.at(-1)!.path;
    return decided;
  }

  /** In a transaction. Whether the set has its manifest now. */
  #look(id: sets.SetId): boolean {
    const { db, flow, clock, log, halted, port } = this.#options;
    const set = sets.setById(db, id);
    // What is not placed yet may be of this set.
    if (set === null || set.decidedAtMs !== null || !this.#caughtUp || halted()) return false;
    const now = { wall: clock.wall(), steady: clock.steady() };
    const moment: SetMoment = { now, watchedSince: this.#watchedSince, recounted: (at) => sets.recordRecount(db, id, at) };
    const standing = wholenessOf(db, flow, set, this.#completion.whole, moment);
    if (!standing.whole) {
      this.#surveys?.forget(id);
      return false;
    }
    const readiness = port.readiness(set, standing.since);
    if (readiness === "final-elsewhere") {
      sets.recordFinalElsewhere(db, id, now.wall);
      log.info(`${show(set.path)} was made final by another program; no manifest is made of it`);
    }
    if (readiness !== "ready") return false;
    const surveys = this.#surveys;
    if (surveys !== null && (set.surveyedAt === null || set.surveyedAt < Math.max(standing.since, this.#watchedSince))) {
      // Where a scan is still about to find more, one survey tells so; the next is worth it when all that was found has ended.
      if (!surveys.isUnclean(id) || !waitsForAny(db, id)) surveys.want(set, now.steady);
      return false;
    }
    if (this.#membersLeft <= 0) {
      this.#putOff = true;
      return false;
    }
    const decision = decideSet(this.#decider, set, now.wall);
    if (decision.kind === "name-taken") this.#tellTaken(set);
    if (decision.kind !== "decided") return false;
    this.#membersLeft -= decision.members;
    return true;
  }

  /** Another second gives another name, where the time is in it. */
  #tellTaken(set: sets.FileSet): void {
    const { path } = this.#completion.manifest;
    if (variablesOf(path).includes("unix") || this.#nameTaken !== null) return;
    this.#nameTaken = `the manifest of ${show(set.path)} would have the name of another set's, so it has none: put \${set} into manifest.path`;
    this.#options.log.warn(this.#nameTaken);
  }

  /** The source held nothing of the set that was not recorded. */
  #surveyed(set: sets.SetId, at: number): void {
    const { db, changed } = this.#options;
    const isDecided = db.transaction(() => {
      sets.recordSurvey(db, set, at);
      const { caughtUp } = this.#placing.catchUp(PLACED_AT_ONCE, this.#options.clock.steady());
      this.#caughtUp = caughtUp;
      this.#beginTurn();
      return this.#look(set);
    });
    this.#soon(isDecided || !this.#caughtUp ? 0 : TICK_MS);
    changed();
  }

  /** From the ledger to its file, and into the queue. A kill in between has it done again. */
  #enterManifests(): void {
    const { db, flow, queued } = this.#options;
    const decided = manifests.manifestsAt(db, flow, "decided", MANIFESTS_AT_ONCE);
    const refused = decided.filter((manifest) => !this.#enter(manifest));
    if (refused.length === 0) this.#unwritable = null;
    if (decided.length > refused.length) queued();
  }

  /** One that cannot be written holds up no other. */
  #enter(manifest: manifests.Manifest): boolean {
    const { db, port, log } = this.#options;
    try {
      writeManifest(manifest.file, manifests.partsOf(db, manifest.set));
    } catch (error) {
      const notice = `the manifest ${show(manifest.file)} cannot be written: ${messageOf(error)}; tried again every second`;
      if (this.#unwritable === null) log.warn(notice);
      this.#unwritable = notice;
      return false;
    }
    db.transaction(() => {
      port.enter(manifest);
      manifests.setStage(db, manifest.set, "entered");
    });
    const set = show(sets.setById(db, manifest.set)?.path ?? manifest.path);
    log.info(`${set} is complete: ${formatMany(manifest.members, "file")} delivered; its manifest ${show(manifest.path)} is sent`);
    return true;
  }

  #delivered(path: RelPath): void {
    const { db, flow } = this.#options;
    const set = manifests.setOfManifest(db, flow, path);
    if (set !== null) manifests.endManifest(db, set);
  }

  /** One whose file somebody removed or replaced before it was sent. */
  #writeAnew(): void {
    const { db, flow } = this.#options;
    for (const manifest of manifests.manifestsAt(db, flow, "entered", MANIFESTS_AT_ONCE)) {
      const state = newest(db, flow, manifest.path)?.state;
      if ((state === undefined || state === "dead" || state === "queued") && !isThere(manifest.file, manifest.sizeBytes))
        manifests.setStage(db, manifest.set, "decided");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#surveys?.[Symbol.asyncDispose]();
  }
}
