import fc from "fast-check";
import { expect, test } from "vitest";
import { Completion } from "../../src/flow/completion/completion.ts";
import { LedgerPort } from "../../src/flow/completion/manifest-port.ts";
import * as admissions from "../../src/flow/ledger/admissions.ts";
import { beginRun, claim, type RunId } from "../../src/flow/ledger/claims.ts";
import { type FlowId, recount } from "../../src/flow/ledger/flows.ts";
import { partsOf } from "../../src/flow/ledger/manifests.ts";
import { type EndedAttempt, type Outcome, recordOutcomes, revive } from "../../src/flow/ledger/outcomes.ts";
import type { CompletionSettings, WholeRule } from "../../src/flow/settings.ts";
import type { Change, ClaimedTransfer } from "../../src/flow/transfer.ts";
import { HotdirError } from "../../src/kernel/errors.ts";
import { type AbsPath, type Bytes, bytesOfText } from "../../src/kernel/path.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { flowSettings, makeLedger, put, registerTestFlow, rel, standingClock, type TestLedger } from "../support/ledger.ts";

const TIMECODE_MS = 100_000_000;
const ENOUGH = 3;

const OPEN =
  "SELECT path FROM transfer WHERE flow = ? AND id <= ? AND (ended_at IS NULL OR state = 'dead') AND kind IN ('put', 'rename', 'delete')";
const textOf = (cell: Uint8Array): string => Buffer.from(cell).toString("latin1");

class Killed extends Error {}
type KillAt = "never" | "before the queue" | "in the commit";

/** One flow, whose destination is a map that deliveries change as they come; and what is left when all of it is killed: the ledger. */
class Simulation {
  readonly clock = { ...standingClock(), wallMs: 11 * TIMECODE_MS, now: 1000 };
  readonly there = new Map<string, string>();
  readonly made = new Map<number, string>();
  readonly flow: FlowId;
  readonly ledger: TestLedger;
  readonly #completion: CompletionSettings;
  #run: RunId;
  #killAt: KillAt = "never";
  #broken: unknown = null;
  #alive: Completion;
  #serial = 0;

  constructor(ledger: TestLedger, name: string, completion: CompletionSettings) {
    this.ledger = ledger;
    this.#completion = completion;
    this.flow = registerTestFlow(ledger.db, name);
    this.#run = ledger.run;
    this.#alive = this.#revived();
  }

  get #at(): { wall: number; steady: number } {
    return { wall: this.clock.wallMs, steady: this.clock.now };
  }

  #revived(): Completion {
    const { db } = this.ledger;
    const clock = { ...this.clock, wall: () => this.clock.wallMs, steady: () => this.clock.now };
    const own = new LedgerPort({ db, flow: this.flow, clock });
    const port = {
      finalizedUntilS: () => own.finalizedUntilS(),
      readiness: () => own.readiness(),
      membersElsewhere: () => own.membersElsewhere(),
      enter: (manifest: Parameters<typeof own.enter>[0]) => {
        if (this.#killAt === "before the queue") throw new Killed();
        own.enter(manifest);
        if (this.#killAt === "in the commit") throw new Killed();
      },
    };
    const nothing = (): undefined => undefined;
    // What is posted is not surveyed: there is nothing to compare with here.
    const settings = flowSettings({ name: `flow${this.flow}`, completion: this.#completion, source: { kind: "posted" } });
    const broken = (error: unknown): void => void (this.#broken = error);
    const asked = { look: nothing, halted: () => false, queued: nothing, changed: nothing, broken };
    return new Completion({ db, flow: this.flow, settings, clock, log: silentLog, port, ...asked }, this.#completion);
  }

  /** All that is not in the ledger is gone. */
  async kill(): Promise<void> {
    await this.#alive[Symbol.asyncDispose]();
    this.#killAt = "never";
    this.#broken = null;
    this.#run = beginRun(this.ledger.db, 1, this.#at);
    this.#alive = this.#revived();
  }

  async round(killAt: KillAt): Promise<void> {
    this.#killAt = killAt;
    this.#alive.round();
    const broken = this.#broken;
    if (broken !== null && !(broken instanceof Killed)) throw broken as Error;
    if (broken !== null) await this.kill();
    this.#killAt = "never";
  }

  /** As admission does it: what waits for a path that goes is withdrawn before. */
  go(change: Change & { kind: "rename" | "delete" }): void {
    const from = change.kind === "rename" ? change.from : change.path;
    if (!this.there.has(from)) return;
    this.withdraw(from);
    this.record(change);
  }

  /** As admission does it: what waits for the path gives way, a rename or removal stays. */
  record(change: Change): void {
    const { db } = this.ledger;
    const known = admissions.newest(db, this.flow, change.path);
    const stays = known?.state === "queued" && (known.kind === "rename" || known.kind === "delete");
    if (known !== null && !stays) admissions.supersede(db, known.id, "newer", this.clock.wallMs);
    admissions.recordQueued(db, this.flow, change, this.#at);
  }

  put(path: string, settling: boolean): void {
    const change = put(path, ++this.#serial);
    if (!settling) return this.record(change);
    const known = admissions.newest(this.ledger.db, this.flow, change.path);
    if (known !== null && known.state !== "settling") return;
    if (known === null)
      admissions.recordSettling(this.ledger.db, this.flow, change, this.clock.wallMs, { dueAt: this.clock.now, waitsFor: "writer" });
    else admissions.settle(this.ledger.db, known.id, change, this.clock.now);
  }

  withdraw(path: string): void {
    const known = admissions.newest(this.ledger.db, this.flow, rel(path));
    if (known?.kind === "put")
      admissions.supersede(this.ledger.db, known.id, "removed at the source before it was sent", this.clock.wallMs);
  }

  /** `killed`: all of it is, before the commit. */
  async attempt(limit: number, how: "delivered" | "give-up" | "hand-back", killed: boolean): Promise<void> {
    const { db } = this.ledger;
    // Retries have waited long enough.
    this.clock.now += 200;
    const claimed = claim(db, { flow: this.flow, run: this.#run, bulk: false, limit, now: this.clock.now, busy: () => false });
    const ended = claimed.map((transfer): EndedAttempt => ({ transfer, outcome: this.#outcome(transfer, how), startedAtMs: 0, bytes: 0 }));
    try {
      db.transaction(() => {
        recordOutcomes(db, ended, this.clock.wallMs);
        this.#alive.recorded(ended);
        if (killed) throw new Killed();
        for (const { transfer, outcome } of ended) this.#apply(transfer.change, outcome);
      });
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      await this.kill();
    }
  }

  #outcome({ change, file }: ClaimedTransfer, how: "delivered" | "give-up" | "hand-back"): Outcome {
    const error = new HotdirError("permission-denied", { operation: "test" });
    // Of what a person revives after later renames of the same paths, the ledger knows only the order in which it was recorded.
    if (how === "give-up" && change.kind === "put") return { kind: how, error, litter: false };
    if (how !== "delivered") return { kind: "hand-back", reason: "an outage", dueAt: this.clock.now, litter: false };
    const moved = change.kind === "rename" ? this.there.get(change.from) : undefined;
    const hex = moved ?? file?.digest?.hex ?? (++this.#serial).toString(16).padStart(64, "0");
    const proof =
      change.kind === "delete" ? ({ basis: "structure" } as const) : ({ basis: "digest", digest: { algorithm: "sha256", hex } } as const);
    return { kind: "delivered", receipt: { proof, durable: true }, method: "sent", retain: { kind: "keep" } };
  }

  #apply(change: Change, outcome: Outcome): void {
    if (outcome.kind !== "delivered") return;
    const { proof } = outcome.receipt;
    if (change.kind === "rename") this.there.delete(change.from);
    if (proof.basis === "digest") this.there.set(change.path, proof.digest.hex);
    else this.there.delete(change.path);
  }

  revive(): void {
    const dead = this.ledger.db.all<{ id: number }>("SELECT id FROM transfer WHERE flow = ? AND state = 'dead'", this.flow);
    revive(
      this.ledger.db,
      dead.map(({ id }) => id),
      this.clock.now,
    );
  }

  below(set: string): Map<string, string> {
    return new Map([...this.there].filter(([path]) => path.startsWith(`${set}/`)));
  }

  /** By what is at the destination alone. */
  isWhole(set: string): boolean {
    const rule = this.#completion.whole;
    const sets = new Set([...this.seen()].map((path) => path.split("/")[0]!));
    const isLate = Math.floor(this.clock.wallMs / TIMECODE_MS) - Number(set) > 1;
    if (rule.kind === "timecode") return isLate || [...sets].some((other) => /^\d+$/.test(other) && Number(other) > Number(set));
    if (rule.kind === "marker") return this.there.has(`${set}/DONE`);
    return this.below(set).size >= ENOUGH;
  }

  /** Also what was withdrawn: that there was a newer set tells that its writer went on. */
  seen(): Set<string> {
    const rows = this.ledger.db.all<{ path: Uint8Array }>("SELECT path FROM transfer WHERE flow = ?", this.flow);
    return new Set(rows.map(({ path }) => textOf(path)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#alive[Symbol.asyncDispose]();
  }
}

/** Every manifest that is new was made at the right moment, and none that is old has changed. */
function check(of: Simulation): void {
  const { db } = of.ledger;
  const rows = db.all<{ id: number; path: Uint8Array; stage: string; after_transfer: number }>(
    "SELECT s.id, s.path, m.stage, m.after_transfer FROM manifest m JOIN file_set s ON s.id = m.file_set WHERE m.flow = ?",
    of.flow,
  );
  for (const { id, path, stage, after_transfer } of rows) {
    const set = textOf(path);
    const text = Buffer.concat([...partsOf(db, id)]).toString("utf8");
    const before = of.made.get(id);
    // Its bytes are dropped once they are at the destination.
    expect(stage === "delivered" ? before : text, set).toBe(before ?? text);
    if (before !== undefined) continue;
    of.made.set(id, text);
    const told = (JSON.parse(text) as { members: Array<{ path: string; digest: string }> }).members;
    expect(new Map(told.map((member) => [member.path, member.digest])), set).toEqual(of.below(set));
    const open = db.all<{ path: Uint8Array }>(OPEN, of.flow, after_transfer).map((row) => textOf(row.path));
    expect(
      open.filter((one) => one.startsWith(`${set}/`)),
      set,
    ).toEqual([]);
    expect(of.isWhole(set), `${set} is whole`).toBe(true);
  }
  expect(rows.length).toBe(of.made.size);
}

/** Nothing goes wrong any more: in the end each set that is whole has its manifest at the destination. */
async function finish(of: Simulation): Promise<void> {
  of.clock.wallMs = Math.max(of.clock.wallMs, 40 * TIMECODE_MS);
  for (let time = 0; time < 12; time++) {
    of.revive();
    await of.attempt(100, "delivered", false);
    await of.round("never");
    check(of);
  }
  const { db } = of.ledger;
  // What never settled is not complete at its source.
  const unsettled = new Set(
    db
      .all<{ path: Uint8Array }>("SELECT path FROM transfer WHERE flow = ? AND state = 'settling'", of.flow)
      .map(({ path }) => textOf(path).split("/")[0]),
  );
  const manifests = db.all<{ set: Uint8Array; path: Uint8Array; digest: Uint8Array; stage: string }>(
    "SELECT s.path AS 'set', m.path, m.digest, m.stage FROM manifest m JOIN file_set s ON s.id = m.file_set WHERE m.flow = ?",
    of.flow,
  );
  for (const { path, digest, stage } of manifests) {
    expect(stage).toBe("delivered");
    expect(of.there.get(textOf(path))).toBe(Buffer.from(digest).toString("hex"));
  }
  const complete = new Set(manifests.map(({ set }) => textOf(set)));
  const wanted = [...new Set([...of.there.keys()].map((path) => path.split("/")[0]!))].filter(
    (set) => /^\d\d$/.test(set) && of.below(set).size > 0 && of.isWhole(set) && !unsettled.has(set),
  );
  expect(wanted.filter((set) => !complete.has(set))).toEqual([]);
  expect(recount(db, of.flow)).toEqual([]);
}

type Step = { title: string; run: (simulation: Simulation) => void | Promise<void> };

const name = fc.constantFrom("a", "b", "c/d", "DONE");
const path = fc.tuple(fc.constantFrom("10", "11", "12", "elsewhere"), name).map((parts) => parts.join("/"));
const step = (title: string, run: Step["run"]): Step => ({ title, run });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(path, fc.boolean()).map(([at, settling]) => step(`put ${at} ${settling}`, (on) => on.put(at, settling))),
  },
  { weight: 1, arbitrary: path.map((at) => step(`withdraw ${at}`, (on) => on.withdraw(at))) },
  {
    weight: 1,
    arbitrary: path.map((at) => step(`delete ${at}`, (on) => on.go({ kind: "delete", path: rel(at) }))),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(path, path).map(([from, to]) =>
      step(`rename ${from} ${to}`, (on) => {
        if (from !== to) on.go({ ...put(to, 1000), kind: "rename", from: rel(from), directory: false });
      }),
    ),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom("delivered", "delivered", "delivered", "give-up", "hand-back"), fc.nat(5))
      .map(([limit, how, kill]) => step(`${limit} ${how}${kill === 0 ? ", killed" : ""}`, (on) => on.attempt(limit, how, kill === 0))),
  },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom<KillAt>("never", "never", "before the queue", "in the commit")
      .map((kill) => step(`round, killed ${kill}`, (on) => on.round(kill))),
  },
  { weight: 1, arbitrary: fc.constant(step("kill", (on) => on.kill())) },
  { weight: 1, arbitrary: fc.constant(step("revive", (on) => on.revive())) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: -2, max: 2 })
      .map((days) => step(`the clock jumps ${days}`, (on) => void (on.clock.wallMs += days * TIMECODE_MS))),
  },
);

const rules = fc.constantFrom<WholeRule>(
  { kind: "timecode" },
  { kind: "marker", marker: "DONE" as Bytes },
  { kind: "count", count: ENOUGH },
);
/** Beside the sets, or in the one of now. */
const paths = fc.constantFrom("${set}.json", "${tc_now}/m/${set}-${unix}.json");

test(
  "each set that is whole gets exactly one manifest, of all that is there and never before, whatever is killed in between",
  { timeout: 120_000 },
  async () => {
    await using ledger = await makeLedger();
    let runs = 0;
    let made = 0;
    await fc.assert(
      fc.asyncProperty(rules, paths, fc.array(anyStep, { maxLength: 50, size: "max" }), async (whole, manifestPath, steps) => {
        const directory = bytesOfText(`${ledger.stateDirectory}/m${++runs}`) as AbsPath;
        const manifest = { format: "json", directory, path: manifestPath, instance: null, archive: "test" } as const;
        await using simulation = new Simulation(ledger, `flow${runs}`, { sets: /\d\d/, whole, manifest });
        for (const { run } of steps) {
          simulation.clock.now += 7;
          await run(simulation);
          check(simulation);
        }
        await finish(simulation);
        made += simulation.made.size;
      }),
      { numRuns: process.env["HOTDIR_TEST_SIZE"] === "long" ? 2000 : 400 },
    );
    // A property that never met a manifest would hold of anything.
    expect(made).toBeGreaterThan(100);
  },
);
