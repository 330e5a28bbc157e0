import { expect, test } from "vitest";
import { makeLedger, put, rel, registerTestFlow, type TestLedger } from "../../../test/support/ledger.ts";
import type { Told } from "../bus.ts";
import { type AbsPath, bytesOfText } from "../../kernel/path.ts";
import { recordIgnored, recordQueued, supersede } from "./admissions.ts";
import { claim } from "./claims.ts";
import { registerFlow } from "./flows.ts";
import { prune } from "./history.ts";
import { adoptWaiting, forgetMessage, messageAt, messageOfTransfer, originsIn, recordMessage, transferOfMessage } from "./messages.ts";
import type { MessageRow } from "./messages.ts";

const message = (relPath: string, pubTime = 5, more: Partial<MessageRow> = {}): MessageRow => ({
  baseUrl: "file:/lab",
  relPath: rel(relPath),
  pubTimeNs: 1_798_804_800_000_000_000n + BigInt(pubTime),
  body: Buffer.from(`body of ${relPath}`),
  ...more,
});

function queued(ledger: TestLedger, path: string, told: MessageRow): number {
  const id = recordQueued(ledger.db, ledger.flow, put(path), ledger.at);
  recordMessage(ledger.db, ledger.flow, id, told);
  return id;
}

test("a message is known again by its base, its path and its time, in its flow", async () => {
  await using ledger = await makeLedger();
  const { db, flow } = ledger;
  const told = message("in/a");
  const first = queued(ledger, "a", told);
  supersede(db, first, "newer", 1);
  const id = queued(ledger, "a", told);
  expect(transferOfMessage(db, flow, told)).toEqual({ id, path: "a", state: "queued", reason: null });
  for (const other of [message("in/b"), message("in/a", 6), message("in/a", 5, { baseUrl: "file:/other" })])
    expect(transferOfMessage(db, flow, other)).toBeNull();
  expect(transferOfMessage(db, registerTestFlow(db, "other"), told)).toBeNull();
  expect(messageOfTransfer(db, id)).toEqual(told);
  expect(messageAt(db, flow, rel("a"))).toEqual(told);
  forgetMessage(db, id);
  expect([messageOfTransfer(db, id), transferOfMessage(db, flow, told)?.id]).toEqual([null, first]);
});

test("a claim tells where the bytes are; the message is read only where they are not a file of this machine", async () => {
  await using ledger = await makeLedger();
  const digest = { algorithm: "sha512", hex: "ab" } as const;
  const read: Buffer[] = [];
  const originOf = originsIn(ledger.db, (body) => {
    read.push(body);
    return { digest, content: null, sizeKnown: false } as Told;
  });
  queued(ledger, "a", message("in/a"));
  queued(ledger, "b", message("in/b", 5, { baseUrl: "https://hub/data" }));
  recordQueued(ledger.db, ledger.flow, put("c"), ledger.at);
  const { db, flow, run, at } = ledger;
  const claimed = claim(db, { flow, run, bulk: false, limit: 9, now: at.steady, busy: () => false, originOf });
  const pubTimeNs = message("x").pubTimeNs;
  expect(claimed.map(({ origin }) => origin)).toEqual([
    { baseUrl: "file:/lab", relPath: "in/a", digest: null, content: false, sizeKnown: true, pubTimeNs },
    { baseUrl: "https://hub/data", relPath: "in/b", digest, content: false, sizeKnown: false, pubTimeNs },
    null,
  ]);
  expect(read.map(String)).toEqual(["body of in/b"]);
});

test("with another destination what was owed keeps its message", async () => {
  await using ledger = await makeLedger();
  const { db } = ledger;
  queued(ledger, "a", message("in/a"));
  recordQueued(db, ledger.flow, put("by hand"), ledger.at);
  queued(ledger, "b", message("in/b"));
  const flow = registerFlow(db, { name: "test", root: bytesOfText("/source") as AbsPath, destination: "file:/elsewhere" });
  const rows = db.all<{ id: number; path: Uint8Array }>("SELECT id, path FROM transfer WHERE flow = ? ORDER BY id", flow);
  expect(rows.map(({ id, path }) => [Buffer.from(path).toString(), messageOfTransfer(db, id)?.relPath])).toEqual([
    ["a", "in/a"],
    ["by hand", undefined],
    ["b", "in/b"],
  ]);
});

test("what was gone when its message came is forgotten in its time; what was rejected by rule stays, as long as its path does", async () => {
  await using ledger = await makeLedger();
  const { db, flow } = ledger;
  const told = recordIgnored(db, flow, put("gone"), 10, "it was not there any more");
  recordMessage(db, flow, told, message("gone"));
  const rejected = recordIgnored(db, flow, put("rejected"), 10, "reject: x");
  expect(prune(db, flow, 100).dropped).toBe(1);
  expect(db.all("SELECT id FROM transfer")).toEqual([{ id: rejected }]);
  expect(db.all("SELECT transfer FROM message")).toEqual([]);
});

test("what somebody else may have brought is looked for before it is sent", async () => {
  await using ledger = await makeLedger();
  const { db, flow } = ledger;
  const [a, b] = [queued(ledger, "a", message("a")), queued(ledger, "b", message("b"))];
  const adopted = (): unknown[] => db.all<{ adopt: number }>("SELECT adopt FROM transfer ORDER BY id").map(({ adopt }) => adopt);
  adoptWaiting(db, flow, [b]);
  expect(adopted()).toEqual([0, 1]);
  adoptWaiting(db, flow, null);
  expect([adopted(), a < b]).toEqual([[1, 1], true]);
});
