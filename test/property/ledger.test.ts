import fc from "fast-check";
import { expect, test } from "vitest";
import { HotdirError } from "../../src/kernel/errors.ts";
import * as admissions from "../../src/flow/ledger/admissions.ts";
import { beginRun, claim, keysOf } from "../../src/flow/ledger/claims.ts";
import { type FlowId, recount, tallyOf } from "../../src/flow/ledger/flows.ts";
import { originsIn, recordMessage } from "../../src/flow/ledger/messages.ts";
import { type Outcome, recordOutcomes, revive } from "../../src/flow/ledger/outcomes.ts";
import { noTries, type TransferEvent, type TransferState, transition } from "../../src/flow/ledger/states.ts";
import { type Change, type ClaimedTransfer, structuralKinds } from "../../src/flow/transfer.ts";
import { makeLedger, put, registerTestFlow, rel, type TestLedger } from "../support/ledger.ts";

/** What the ledger must hold, by `transition` alone. */
type ModelRow = { id: number; flow: FlowId; change: Change; state: TransferState };

class Model {
  readonly rows = new Map<number, ModelRow>();
  /** Those whose message is still theirs. */
  readonly messages = new Set<number>();
  /** Claims of this run and of earlier ones, ended or not: their answers may come at any time. */
  readonly claims: ClaimedTransfer[] = [];
  now = 1000;
  run: number;
  versions = 0;

  constructor(run: number) {
    this.run = run;
  }

  happen(id: number, event: TransferEvent): boolean {
    const row = this.rows.get(id)!;
    const next = transition(row.state, event);
    if (next !== null) row.state = next;
    return next !== null;
  }

  ids(...states: Array<TransferState["state"]>): number[] {
    return [...this.rows.values()].filter((row) => states.includes(row.state.state)).map((row) => row.id);
  }

  newest(flow: FlowId, path: string): ModelRow | undefined {
    return [...this.rows.values()].filter((row) => row.flow === flow && row.change.path === path).at(-1);
  }

  /** A newer transfer of the path was recorded and not taken back. */
  isReplaced(row: ModelRow): boolean {
    if (row.change.kind === "rename" || row.change.kind === "delete") return false;
    const isAbout = (change: Change): boolean =>
      change.path === row.change.path || (row.change.kind === "rmdir" && change.kind === "rename" && change.from === row.change.path);
    return [...this.rows.values()].some(
      (other) => other.id > row.id && other.flow === row.flow && isAbout(other.change) && other.state.state !== "superseded",
    );
  }
}

type Real = TestLedger & { flows: FlowId[] };

const isStructural = (change: Change): boolean => (structuralKinds as readonly string[]).includes(change.kind);
const pathsOf = (change: Change): string[] => (change.kind === "rename" ? [change.path, change.from] : [change.path]);
const isAtOrAbove = (upper: string, lower: string): boolean => upper === lower || lower.startsWith(`${upper}/`);

const isRemoval = (change: Change): boolean => change.kind === "delete" || change.kind === "rmdir";

/** P7, said independently of the queries: whether `later` may not overtake `earlier`. */
function mustWait(later: Change, earlier: Change): boolean {
  const above = isStructural(earlier) && !(isRemoval(earlier) && isRemoval(later));
  return pathsOf(later).some((mine) =>
    pathsOf(earlier).some(
      (other) => mine === other || (above && isAtOrAbove(other, mine)) || (isStructural(later) && isAtOrAbove(mine, other)),
    ),
  );
}

function compare(model: Model, real: Real): void {
  const rows = real.db.all<{ id: number; state: string; run: number | null; attempt: number; failures: number }>(
    "SELECT id, state, run, attempt, failures FROM transfer ORDER BY id",
  );
  const wanted = [...model.rows.values()].map(({ id, state }) => ({
    id,
    state: state.state,
    run: state.state === "sending" ? state.run : null,
    attempt: state.tries.attempts,
    failures: state.tries.failures,
  }));
  expect(rows.map((row) => ({ ...row }))).toEqual(wanted);
  const messages = real.db.all<{ transfer: number }>("SELECT transfer FROM message ORDER BY transfer");
  expect(messages.map(({ transfer }) => transfer)).toEqual([...model.messages].sort((a, b) => a - b));
  for (const flow of real.flows) {
    expect(recount(real.db, flow)).toEqual([]);
    const { seen, settling, queued, sending, delivered, superseded, ignored, dead } = tallyOf(real.db, flow);
    expect(seen).toBe(settling + queued + sending + delivered + superseded + ignored + dead);
  }
}

type Command = fc.Command<Model, Real>;

function command(title: string, work: (model: Model, real: Real) => void): Command {
  return {
    check: () => true,
    run(model, real) {
      model.now += 7;
      work(model, real);
      compare(model, real);
    },
    toString: () => title,
  };
}

const steps = {
  /** As admission does it: what waits for the path gives way, a waiting rename or removal stays. */
  record: (flowAt: number, kind: Change["kind"], path: string, from: string, settling: boolean): Command =>
    command(`record ${kind} ${path} in ${flowAt}`, (model, real) => {
      const flow = real.flows[flowAt]!;
      const change = changeOf(model, kind, path, from);
      const known = model.newest(flow, path);
      if (known !== undefined && !(known.state.state === "queued" && isStructural(known.change))) {
        const written = admissions.supersede(real.db, known.id, "newer", model.now);
        expect(written).toBe(model.happen(known.id, { event: "supersede", reason: "newer" }));
      }
      const settles = settling && change.kind === "put";
      const id = settles
        ? admissions.recordSettling(real.db, flow, change, model.now, { dueAt: model.now + 50, waitsFor: "quiet" })
        : admissions.recordQueued(real.db, flow, change, { wall: model.now, steady: model.now });
      const state: TransferState = settles
        ? { state: "settling", dueAt: model.now + 50, tries: noTries }
        : { state: "queued", dueAt: model.now, tries: noTries };
      model.rows.set(id, { id, flow, change, state });
      recordMessage(real.db, flow, id, { baseUrl: "file:/lab", relPath: rel(`of/${id}`), pubTimeNs: BigInt(id), body: Buffer.from("{}") });
      model.messages.add(id);
    }),
  settle: (at: number): Command =>
    command(`settle #${at}`, (model, real) => {
      const row = pick(
        [...model.rows.values()].filter(({ change }) => change.kind === "put"),
        at,
      );
      if (row !== undefined)
        expect(admissions.settle(real.db, row.id, row.change, model.now)).toBe(model.happen(row.id, { event: "settle", at: model.now }));
    }),
  unsettle: (at: number): Command =>
    command(`unsettle #${at}`, (model, real) => {
      const row = pick(
        [...model.rows.values()].filter(({ change, id, flow }) => change.kind === "put" && model.newest(flow, change.path)?.id === id),
        at,
      );
      if (row === undefined) return;
      const dueAt = model.now + 30;
      expect(admissions.unsettle(real.db, row.id, row.change, { dueAt, waitsFor: "writer" })).toBe(
        model.happen(row.id, { event: "unsettle", dueAt }),
      );
    }),
  supersede: (at: number): Command =>
    command(`supersede #${at}`, (model, real) => {
      const id = pick([...model.rows.keys()], at);
      if (id !== undefined)
        expect(admissions.supersede(real.db, id, "gone", model.now)).toBe(model.happen(id, { event: "supersede", reason: "gone" }));
    }),
  claim: (flowAt: number, limit: number): Command =>
    command(`claim ${limit} in ${flowAt}`, (model, real) => {
      const flow = real.flows[flowAt]!;
      const underWay = new Set(
        [...model.rows.values()].filter((row) => row.state.state === "sending").flatMap((row) => keysOf(row.change)),
      );
      const open = [...model.rows.values()].filter(
        (row) => row.flow === flow && (row.state.state === "queued" || row.state.state === "sending"),
      );
      const claimed = claim(real.db, {
        flow,
        run: model.run,
        bulk: false,
        limit,
        now: model.now,
        busy: (key) => underWay.has(key),
        originOf: originsIn(real.db, () => null),
      });
      for (const transfer of claimed) {
        const overtaken = open.filter((row) => row.id < transfer.id && mustWait(transfer.change, row.change)).map((row) => row.id);
        expect(overtaken).toEqual([]);
        expect(model.happen(transfer.id, { event: "claim", run: model.run })).toBe(true);
        expect(transfer.fence).toEqual({ run: model.run, attempt: model.rows.get(transfer.id)!.state.tries.attempts });
        expect(transfer.origin?.relPath).toBe(`of/${transfer.id}`);
        model.claims.push(transfer);
      }
      const keys = claimed.flatMap((transfer) => keysOf(transfer.change));
      expect(new Set(keys).size).toBe(keys.length);
    }),
  /** Also answers that come late: of attempts that ended, or of a run before a crash. */
  end: (at: number, how: Outcome["kind"]): Command =>
    command(`end #${at} ${how}`, (model, real) => {
      const transfer = pick(model.claims, at);
      if (transfer === undefined) return;
      const row = model.rows.get(transfer.id)!;
      const outcome = outcomeOf(how, model.now);
      const replaced = how !== "delivered" && how !== "superseded" && model.isReplaced(row);
      const changed = model.happen(
        transfer.id,
        replaced ? { event: "supersede", reason: "newer", fence: transfer.fence } : eventOf(outcome, transfer, model.now),
      );
      if (changed && !replaced && how === "give-back") model.messages.delete(transfer.id);
      const ended = { transfer, outcome, startedAtMs: model.now, bytes: 10 };
      const attempts = real.db.get<{ n: number }>("SELECT count(*) AS n FROM attempt")!.n;
      expect(recordOutcomes(real.db, [ended], model.now)).toEqual(changed ? [] : [ended]);
      expect(real.db.get<{ n: number }>("SELECT count(*) AS n FROM attempt")!.n).toBe(attempts + (changed ? 1 : 0));
    }),
  revive: (at: number): Command =>
    command(`revive #${at}`, (model, real) => {
      const id = pick(model.ids("dead"), at);
      if (id === undefined) return;
      expect(model.happen(id, { event: "revive", at: model.now })).toBe(true);
      expect(revive(real.db, [id], model.now)).toBe(1);
    }),
  crash: (): Command =>
    command("crash, and a new run", (model, real) => {
      const sending = model.ids("sending").map((id) => model.rows.get(id)!);
      const replaced = sending.filter((row) => row.change.kind !== "rmdir" && model.isReplaced(row));
      for (const row of sending) {
        if (row.state.state !== "sending") continue;
        const fence = { run: row.state.run, attempt: row.state.tries.attempts };
        model.happen(
          row.id,
          replaced.includes(row) ? { event: "supersede", reason: "newer", fence } : { event: "hand-back", fence, dueAt: model.now },
        );
      }
      model.run = beginRun(real.db, 1, { wall: model.now, steady: model.now });
    }),
  wait: (): Command => command("wait", (model) => (model.now += 500)),
};

function pick<T>(from: T[], at: number): T | undefined {
  return from.length === 0 ? undefined : from[at % from.length];
}

function changeOf(model: Model, kind: Change["kind"], path: string, from: string): Change {
  const version = { inode: `1:${++model.versions}`, sizeBytes: 10, mtimeNs: BigInt(model.versions) };
  switch (kind) {
    case "put":
      return put(path, model.versions);
    case "link":
      return { kind, path: rel(path), version, target: rel("target") };
    case "mkdir":
      return { kind, path: rel(path), mode: 0o755 };
    case "rename":
      return { kind, path: rel(path), from: rel(from === path ? "elsewhere" : from), directory: false, version, mode: 0o644 };
    case "delete":
    case "rmdir":
      return { kind, path: rel(path) };
  }
}

function outcomeOf(kind: Outcome["kind"], now: number): Outcome {
  const error = new HotdirError("permission-denied", { operation: "test" });
  const digest = { algorithm: "sha256" as const, hex: "00".repeat(32) };
  switch (kind) {
    case "delivered":
      return { kind, receipt: { proof: { basis: "digest", digest }, durable: true }, method: "sent", retain: { kind: "due", at: now } };
    case "back-off":
      return { kind, error, dueAt: now + 20, litter: true };
    case "hand-back":
      return { kind, reason: "an outage", dueAt: now, litter: false };
    case "give-up":
      return { kind, error, litter: false };
    case "give-back":
      return { kind, error, afterMs: 20, litter: false, counted: true };
    case "superseded":
      return { kind, reason: "gone", litter: true };
  }
}

function eventOf(outcome: Outcome, { fence }: ClaimedTransfer, now: number): TransferEvent {
  switch (outcome.kind) {
    case "delivered":
      return { event: "deliver", fence };
    case "back-off":
      return { event: "back-off", fence, dueAt: outcome.dueAt };
    case "hand-back":
      return { event: "hand-back", fence, dueAt: now };
    case "give-up":
      return { event: "give-up", fence, code: outcome.error.code, reason: outcome.error.message };
    case "give-back":
      return { event: "supersede", reason: outcome.error.message, fence };
    case "superseded":
      return { event: "supersede", reason: outcome.reason, fence };
  }
}

const path = fc.constantFrom("a", "a/b", "a/b/c", "a/d", "e", "a.f");
const kind = fc.constantFrom<Change["kind"]>("put", "put", "put", "link", "mkdir", "rename", "delete", "rmdir");
const ending = fc.constantFrom<Outcome["kind"]>("delivered", "delivered", "back-off", "hand-back", "give-up", "give-back", "superseded");
const flowAt = fc.nat(1);
const commands = fc.commands(
  [
    fc.tuple(flowAt, kind, path, path, fc.boolean()).map((step) => steps.record(...step)),
    fc.tuple(flowAt, fc.integer({ min: 1, max: 8 })).map((step) => steps.claim(...step)),
    fc.tuple(fc.nat(20), ending).map((step) => steps.end(...step)),
    fc.nat(20).map(steps.settle),
    fc.nat(20).map(steps.unsettle),
    fc.nat(20).map(steps.supersede),
    fc.nat(20).map(steps.revive),
    fc.constant(steps.crash()),
    fc.constant(steps.wait()),
  ],
  { maxCommands: 60, size: "max" },
);

test(
  "whatever happens in whatever order, the ledger is what the state diagram says, the law holds, and nothing overtakes",
  { timeout: 120_000 },
  async () => {
    await using ledger = await makeLedger();
    const real: Real = { ...ledger, flows: [ledger.flow, registerTestFlow(ledger.db, "second")] };
    await fc.assert(
      fc.asyncProperty(commands, async (run) => {
        // One file for all runs: only the rows are new each time.
        real.db.transaction(() => {
          real.db.run("UPDATE transfer SET state = 'queued', run = NULL, due_at = 0 WHERE state = 'sending'");
          real.db.run("UPDATE transfer SET state = 'superseded', due_at = NULL, reason = 'cleared', ended_at = 0 WHERE ended_at IS NULL");
          real.db.run("DELETE FROM transfer");
          real.db.run("DELETE FROM pruned");
          real.db.run("UPDATE tally SET seen = 0, delivered = 0, superseded = 0, ignored = 0, dead = 0, delivered_bytes = 0");
        });
        const model = new Model(ledger.run);
        fc.modelRun(() => ({ model, real }), run);
      }),
      { numRuns: process.env["HOTDIR_TEST_SIZE"] === "long" ? 5000 : 300 },
    );
    expect(real.flows.flatMap((flow) => recount(real.db, flow))).toEqual([]);
  },
);
