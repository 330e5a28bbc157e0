import { afterEach, beforeEach, expect, test } from "vitest";
import { put, rel } from "../../../test/support/ledger.ts";
import { makeTemporary, type Temporary } from "../../../test/support/temporary.ts";
import type { AbsPath } from "../../kernel/path.ts";
import type { Method } from "../receipt.ts";
import type { Change, TransferId } from "../transfer.ts";
import { recordQueued } from "./admissions.ts";
import { beginRun, claim } from "./claims.ts";
import { type Database, openForWriting } from "./database.ts";
import { type FlowId, registerFlow } from "./flows.ts";
import { prune } from "./history.ts";
import {
  countIngests,
  endIngests,
  ingestOf,
  interruptedIngests,
  oweIngests,
  rerunIngests,
  takeIngests,
  troubledIngestsAt,
} from "./ingests.ts";
import { type EndedAttempt, recordOutcomes } from "./outcomes.ts";

let place: Temporary;
let db: Database;
let flow: FlowId;

beforeEach(async () => {
  place = await makeTemporary();
  db = openForWriting(place.path);
  flow = registerFlow(db, { name: "a", root: "/s" as AbsPath, destination: "there" });
});

afterEach(async () => {
  db[Symbol.dispose]();
  await place[Symbol.asyncDispose]();
});

function deliver(change: Change, method: Method = "sent"): TransferId {
  recordQueued(db, flow, change, { wall: 1, steady: 1 });
  const run = beginRun(db, 1, { wall: 1, steady: 1 });
  const [transfer] = claim(db, { flow, run, bulk: false, limit: 1, now: 10_000, busy: () => false });
  const proof =
    change.kind === "put"
      ? { basis: "digest" as const, digest: { algorithm: "sha256" as const, hex: "00" } }
      : { basis: "structure" as const };
  const ended: EndedAttempt = {
    transfer: transfer!,
    outcome: { kind: "delivered", receipt: { proof, durable: false }, method, retain: { kind: "keep" } },
    startedAtMs: 1,
    bytes: 1,
  };
  recordOutcomes(db, [ended], 5);
  oweIngests(db, flow, [ended], 5);
  return transfer!.id;
}
const take = (limit = 10): string[] => takeIngests(db, [flow], limit, 6).map(({ path }) => path);
const end = (transfer: TransferId, status: "SUCCESS" | "FAILURE" | "UNKNOWN"): void =>
  endIngests(db, [{ transfer, status, message: status === "SUCCESS" ? null : "why", startedAtMs: 6, endedAtMs: 7 }]);
const statusOf = (transfer: TransferId): string | undefined => ingestOf(db, transfer)?.status;

test("files are owed with their receipts; what has no content of its own is not", () => {
  const file = deliver(put("a"));
  const directory = deliver({ kind: "mkdir", path: rel("d"), mode: 0o755 });
  expect([statusOf(file), statusOf(directory)]).toEqual(["UNTRIED", undefined]);
});

test("of a file that is delivered again before it was ingested only the newest version is handed over", () => {
  const old = deliver(put("a", 1));
  const young = deliver(put("a", 2));
  expect(ingestOf(db, old)).toMatchObject({ status: "IGNORED", message: "a newer version is ingested in its place" });
  expect(take()).toEqual(["a"]);
  expect(statusOf(young)).toBe("PENDING");
});

test("a newer version waits until the command is done with the older one, and takes the place of one that failed", () => {
  const old = deliver(put("a", 1));
  expect(take()).toEqual(["a"]);
  const young = deliver(put("a", 2));
  expect(take()).toEqual([]);
  end(old, "FAILURE");
  expect(take()).toEqual(["a"]);
  expect([statusOf(old), statusOf(young)]).toEqual(["IGNORED", "PENDING"]);
});

test("a file that is found there as it was is not handed over once more, and one that never was is", () => {
  const first = deliver(put("a", 1));
  take();
  end(first, "SUCCESS");
  expect(statusOf(deliver(put("a", 1), "found"))).toBeUndefined();
  expect(statusOf(deliver(put("b", 1), "found"))).toBe("UNTRIED");
});

test("a renamed file is handed over under its new name, and a removed one is not at all", () => {
  const before = deliver(put("a", 1));
  const renamed = deliver({ kind: "rename", path: rel("b"), from: rel("a"), directory: false, version: put("a").version, mode: 0o644 });
  expect(ingestOf(db, before)).toMatchObject({ status: "IGNORED", message: "it is b now, and ingested under that name" });
  expect(statusOf(renamed)).toBe("UNTRIED");
  deliver({ kind: "delete", path: rel("b") });
  expect(ingestOf(db, renamed)).toMatchObject({ status: "IGNORED", message: "it was removed before it was ingested" });
});

test("what an end interrupted waits for a person, or is handed over by itself where that was asked for", () => {
  const file = deliver(put("a"));
  take();
  expect(interruptedIngests(db, [flow], 8, false)).toBe(1);
  expect(statusOf(file)).toBe("UNKNOWN");
  expect(take()).toEqual([]);
  expect(troubledIngestsAt(db, flow, rel("a"))).toEqual([file]);
  expect(interruptedIngests(db, [flow], 9, true)).toBe(0);
  expect(take()).toEqual(["a"]);
  end(file, "SUCCESS");
  expect(ingestOf(db, file)?.attempts.map(({ status }) => status)).toEqual(["UNKNOWN", "SUCCESS"]);
  expect(rerunIngests(db, [file], 10)).toBe(0);
  expect(countIngests(db, flow)).toMatchObject({ SUCCESS: 1, UNKNOWN: 0, PENDING: 0, RERUN: 0 });
});

test("an end that comes too late writes nothing", () => {
  const file = deliver(put("a"));
  take();
  end(file, "SUCCESS");
  end(file, "FAILURE");
  expect(ingestOf(db, file)).toMatchObject({ status: "SUCCESS", attempts: [{ status: "SUCCESS" }] });
});

test("history drops older versions that were ingested, and none that a person may want to be ingested again", () => {
  const ingested = deliver(put("a", 1));
  take();
  end(ingested, "SUCCESS");
  deliver(put("a", 2));
  take();
  const failed = deliver(put("b", 1));
  take();
  deliver(put("b", 2));
  end(failed, "FAILURE");
  db.run("UPDATE transfer SET litter = 0");
  expect(prune(db, flow, 1000).dropped).toBe(1);
  expect([ingestOf(db, ingested), statusOf(failed)]).toEqual([null, "FAILURE"]);
});
