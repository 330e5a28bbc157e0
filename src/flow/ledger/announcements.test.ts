import { afterEach, beforeEach, expect, test } from "vitest";
import { makeLedger, put, rel, type TestLedger } from "../../../test/support/ledger.ts";
import type { Method } from "../receipt.ts";
import type { Change, TransferId } from "../transfer.ts";
import { recordQueued } from "./admissions.ts";
import { announced, cameBy, countOwed, firstOwed, isOwedAnnouncement, nothingIsLeft, oweAnnouncements, owedOf } from "./announcements.ts";
import { claim } from "./claims.ts";
import { prune } from "./history.ts";
import { type EndedAttempt, recordOutcomes } from "./outcomes.ts";

let ledger: TestLedger;

beforeEach(async () => {
  ledger = await makeLedger();
});

afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
});

const digest = { algorithm: "sha512" as const, hex: "ab".repeat(64) };

/** A change on its whole way; its announcement is owed with its receipt. */
function deliver(change: Change, method: Method = "sent", between: (id: TransferId) => void = () => undefined): TransferId {
  const { db, flow, run, at } = ledger;
  const id = recordQueued(db, flow, change, at);
  between(id);
  const [transfer] = claim(db, { flow, run, bulk: false, limit: 1, now: at.steady + 10_000, busy: () => false });
  const proof = change.kind === "put" ? ({ basis: "digest", digest } as const) : ({ basis: "structure" } as const);
  const outcome = { kind: "delivered", receipt: { proof, durable: false }, method, retain: { kind: "keep" } } as const;
  const ended: EndedAttempt = { transfer: transfer!, outcome, startedAtMs: at.wall, bytes: 0 };
  db.transaction(() => {
    recordOutcomes(db, [ended], at.wall);
    oweAnnouncements(db, flow, [ended]);
  });
  return id;
}

function comesBy(transfer: TransferId): void {
  ledger.db.run(
    "INSERT INTO message (transfer, flow, rel_path, pub_time, base_url, body) VALUES (?, ?, ?, ?, 'file:/lab', ?)",
    transfer,
    ledger.flow,
    Buffer.from("a"),
    1_798_804_800_123_456_789n,
    Buffer.from("{}"),
  );
}

test("what is delivered is owed in the order of its transfers, with its receipt's digest, until it is told", () => {
  const ids = [deliver(put("a")), deliver({ kind: "delete", path: rel("a") }), deliver({ kind: "mkdir", path: rel("d"), mode: 0o755 })];
  const { db, flow } = ledger;
  expect(firstOwed(db, flow, 10)).toEqual(ids);
  expect(firstOwed(db, flow, 2)).toEqual(ids.slice(0, 2));
  expect(owedOf(db, ids[0]!)).toEqual({ transfer: ids[0], change: put("a"), seenAtMs: 1000, digest, cameBy: null });
  announced(db, ids.slice(0, 2));
  expect([countOwed(db, flow), isOwedAnnouncement(db, ids[0]!), isOwedAnnouncement(db, ids[2]!)]).toEqual([1, false, true]);
});

test("what is found is told, unless the same bytes were told of before under that name", () => {
  deliver(put("a", 1));
  announced(ledger.db, firstOwed(ledger.db, ledger.flow, 10));
  const owed = (change: Change, between?: (id: TransferId) => void): boolean =>
    isOwedAnnouncement(ledger.db, deliver(change, "found", between));
  expect(owed(put("a", 1))).toBe(false);
  expect(owed(put("b", 1))).toBe(true);
  expect(owed({ ...put("a", 1), mode: 0o600 })).toBe(true);
  expect(owed(put("a", 2))).toBe(true);
  expect(owed(put("a", 1))).toBe(true);
});

test("what is found after it was removed or renamed away is told again", () => {
  deliver(put("a", 1));
  deliver({ kind: "delete", path: rel("a") });
  expect(isOwedAnnouncement(ledger.db, deliver(put("a", 1), "found"))).toBe(true);
  deliver({ kind: "rename", path: rel("b"), from: rel("a"), directory: false, version: null, mode: 0o644 });
  expect(isOwedAnnouncement(ledger.db, deliver(put("a", 1), "found"))).toBe(true);
});

test("a message is passed on also where what it tells is there already", () => {
  deliver(put("a", 1));
  const id = deliver(put("a", 1), "found", comesBy);
  expect(isOwedAnnouncement(ledger.db, id)).toBe(true);
  expect(cameBy(ledger.db, id)).toEqual({ pubTimeNs: 1_798_804_800_123_456_789n, baseUrl: "file:/lab", body: Buffer.from("{}") });
});

test("history drops nothing that is still to be told of", () => {
  const { db, flow } = ledger;
  const first = deliver(put("a", 1));
  deliver(put("a", 2));
  expect(prune(db, flow, 5000).dropped).toBe(0);
  announced(db, [first]);
  expect(prune(db, flow, 5000).dropped).toBe(1);
});

test("an attempt that told and left nothing stands in nobody's way", () => {
  const { db, flow, run, at } = ledger;
  const id = recordQueued(db, flow, put("a", 1), at);
  const [transfer] = claim(db, { flow, run, bulk: false, limit: 1, now: at.steady, busy: () => false });
  recordOutcomes(
    db,
    [{ transfer: transfer!, outcome: { kind: "superseded", reason: "gone", litter: true }, startedAtMs: at.wall, bytes: 0 }],
    at.wall,
  );
  recordQueued(db, flow, put("a", 2), at);
  expect(prune(db, flow, 5000).dropped).toBe(0);
  nothingIsLeft(db, flow);
  expect(prune(db, flow, 5000).dropped).toBe(1);
  expect(db.get("SELECT 1 FROM transfer WHERE id = ?", id)).toBeUndefined();
});
