import { describe, expect, test } from "vitest";
import { makeLedger, put, registerTestFlow, type TestLedger } from "../../../test/support/ledger.ts";
import { HotdirError } from "../../kernel/errors.ts";
import * as admissions from "./admissions.ts";
import { claim } from "./claims.ts";
import { recount } from "./flows.ts";
import { recordOutcomes } from "./outcomes.ts";
import type { StateName } from "./states.ts";

/** A transfer that went the usual way up to a state. */
function transferIn(ledger: TestLedger, state: StateName, path: string = state): number {
  const { db, flow, run, at } = ledger;
  if (state === "settling") return admissions.recordSettling(db, flow, put(path), at.wall, { dueAt: 5000, waitsFor: "writer" });
  if (state === "ignored") return admissions.recordIgnored(db, flow, put(path), at.wall, "reject: x");
  const id = admissions.recordQueued(db, flow, put(path), at);
  if (state === "queued") return id;
  if (state === "superseded") return admissions.supersede(db, id, "newer", at.wall) ? id : 0;
  const [transfer] = claim(db, { flow, run, bulk: false, limit: 100, now: at.steady, busy: (key) => key !== path });
  if (state === "sending") return id;
  const digest = { algorithm: "sha256" as const, hex: "ab".repeat(32) };
  const error = new HotdirError("permission-denied", { operation: "test" });
  const delivered = {
    kind: "delivered",
    receipt: { proof: { basis: "digest", digest }, durable: true },
    method: "sent",
    retain: { kind: "due", at: 1 },
  } as const;
  const outcome = state === "delivered" ? delivered : ({ kind: "give-up", error, litter: false } as const);
  expect(recordOutcomes(db, [{ transfer: transfer!, outcome, startedAtMs: 1, bytes: 1 }], at.wall)).toEqual([]);
  return id;
}

describe("no statement commits what the states do not allow", () => {
  const illegal: Array<[string, StateName, string]> = [
    ["delivered without a receipt", "sending", "state = 'delivered', run = NULL, ended_at = 1"],
    ["delivered by digest without the digest", "sending", "state = 'delivered', run = NULL, ended_at = 1, basis = 'digest'"],
    ["a digest without its algorithm", "sending", "state = 'delivered', run = NULL, ended_at = 1, basis = 'digest', digest = x'00'"],
    ["a receipt without a delivery", "queued", "basis = 'size'"],
    ["sending without a run", "queued", "state = 'sending', due_at = NULL"],
    ["sending under a run that never was", "queued", "state = 'sending', due_at = NULL, run = 99"],
    ["a run without sending", "queued", "run = 1"],
    ["queued without a time", "queued", "due_at = NULL"],
    ["dead without a reason", "sending", "state = 'dead', run = NULL, ended_at = 1, code = 'refused', reason = NULL"],
    ["superseded without a reason", "queued", "state = 'superseded', due_at = NULL, ended_at = 1, reason = NULL"],
    ["ended without a time", "queued", "state = 'superseded', due_at = NULL, reason = 'x'"],
    ["sending > ignored", "sending", "state = 'ignored', run = NULL, ended_at = 1, reason = 'x'"],
    ["queued > delivered", "queued", "state = 'delivered', due_at = NULL, ended_at = 1, basis = 'none'"],
    ["queued > dead", "queued", "state = 'dead', due_at = NULL, ended_at = 1, code = 'refused', reason = 'x'"],
    [
      "delivered > queued",
      "delivered",
      "state = 'queued', due_at = 1, ended_at = NULL, basis = NULL, digest = NULL, algorithm = NULL, retain = NULL, retain_at = NULL",
    ],
    ["superseded > queued", "superseded", "state = 'queued', due_at = 1, ended_at = NULL"],
    ["ignored > queued", "ignored", "state = 'queued', due_at = 1, ended_at = NULL"],
    ["dead > delivered", "dead", "state = 'delivered', basis = 'none'"],
    ["a state that is none", "queued", "state = 'done'"],
    ["another digest in a receipt", "delivered", "digest = x'00'"],
    ["another version in a receipt", "delivered", "size = 11"],
    ["another path in a receipt", "delivered", "path = x'61'"],
    ["another flow", "queued", "flow = 2"],
    ["a put without a version", "queued", "inode = NULL"],
    ["a rename without its old name", "queued", "kind = 'rename'"],
    ["a removal that is due without a time", "delivered", "retain_at = NULL"],
    ["a negative size", "queued", "size = -1"],
    ["an empty path", "queued", "path = x''"],
  ];
  test.each(illegal)("%s", async (_title, state, assignment) => {
    await using ledger = await makeLedger();
    registerTestFlow(ledger.db, "second");
    const id = transferIn(ledger, state);
    expect(() => ledger.db.run(`UPDATE transfer SET ${assignment} WHERE id = ?`, id)).toThrow(
      /constraint|state diagram|receipt never|stays in its flow/,
    );
    expect(ledger.db.get<{ state: string }>("SELECT state FROM transfer WHERE id = ?", id)?.state).toBe(state);
    expect(recount(ledger.db, ledger.flow)).toEqual([]);
  });

  test("a removal of the source on anything but a digest", async () => {
    await using ledger = await makeLedger();
    const { db, run, flow, at } = ledger;
    admissions.recordQueued(db, flow, put("f"), at);
    const [transfer] = claim(db, { flow, run, bulk: false, limit: 1, now: at.steady, busy: () => false });
    const bySize = {
      kind: "delivered",
      receipt: { proof: { basis: "size" }, durable: false },
      method: "sent",
      retain: { kind: "due", at: 1 },
    } as const;
    expect(() => recordOutcomes(db, [{ transfer: transfer!, outcome: bySize, startedAtMs: 1, bytes: 1 }], 1)).toThrow(/constraint/);
    expect(db.get<{ n: number }>("SELECT count(*) AS n FROM attempt")?.n).toBe(0);
  });
});

test.each(["settling", "queued", "sending"] as const)("a transfer that is %s cannot be dropped", async (state) => {
  await using ledger = await makeLedger();
  const id = transferIn(ledger, state);
  expect(() => ledger.db.run("DELETE FROM transfer WHERE id = ?", id)).toThrow(/cannot be dropped/);
});

test("the tally refuses to be wrong", async () => {
  await using ledger = await makeLedger();
  transferIn(ledger, "queued");
  expect(() => ledger.db.run("UPDATE tally SET delivered = delivered + 1")).toThrow(/constraint/);
  expect(() => ledger.db.run("UPDATE tally SET queued = -1, seen = -1")).toThrow(/constraint/);
});

test("what is dropped from history is still counted", async () => {
  await using ledger = await makeLedger();
  const id = transferIn(ledger, "delivered");
  ledger.db.run("DELETE FROM transfer WHERE id = ?", id);
  expect(recount(ledger.db, ledger.flow)).toEqual([]);
});

test("a tally that was tampered with shows in the recount", async () => {
  await using ledger = await makeLedger();
  transferIn(ledger, "queued");
  ledger.db.run("UPDATE tally SET queued = 0, dead = 1");
  expect(recount(ledger.db, ledger.flow)).toEqual(["queued: the tally says 0, the rows 1", "dead: the tally says 1, the rows 0"]);
});

test("bytes that wait and bytes that were delivered are counted with their transfers", async () => {
  await using ledger = await makeLedger();
  const bytes = (): unknown => ledger.db.get("SELECT queued_bytes, delivered_bytes FROM tally");
  const id = admissions.recordQueued(ledger.db, ledger.flow, put("a", 1, { sizeBytes: 100 }), ledger.at);
  expect(bytes()).toEqual({ queued_bytes: 100, delivered_bytes: 0 });
  admissions.unsettle(ledger.db, id, put("a", 2, { sizeBytes: 70 }), { dueAt: 1, waitsFor: "writer" });
  expect(bytes()).toEqual({ queued_bytes: 0, delivered_bytes: 0 });
  admissions.settle(ledger.db, id, put("a", 2, { sizeBytes: 80 }), 1);
  expect(bytes()).toEqual({ queued_bytes: 80, delivered_bytes: 0 });
  admissions.supersede(ledger.db, id, "gone", 1);
  transferIn(ledger, "delivered");
  expect(bytes()).toEqual({ queued_bytes: 0, delivered_bytes: 10 });
});
