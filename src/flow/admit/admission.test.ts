import { expect, test } from "vitest";
import { publishSettings } from "../../../test/support/bus-settings.ts";
import { flowSettings, makeLedger, put, rel, standingClock, type TestLedger } from "../../../test/support/ledger.ts";
import type { Sighting } from "../detect/contract.ts";
import { recordQueued, supersede } from "../ledger/admissions.ts";
import { claim } from "../ledger/claims.ts";
import { type Outcome, recordOutcomes } from "../ledger/outcomes.ts";
import { storyOf } from "../ledger/story.ts";
import type { FlowSettings } from "../settings.ts";
import type { Change } from "../transfer.ts";
import { Admission } from "./admission.ts";

/** A file that was tried, handed back, and is being written again now: what the ledger then knows of it. */
function writtenAgain(ledger: TestLedger, place: FlowSettings["destination"]["place"], isTried: boolean): unknown[] {
  const { db, flow, run, at } = ledger;
  recordQueued(db, flow, put("a", 1), at);
  if (isTried) {
    const [transfer] = claim(db, { flow, run, bulk: false, limit: 1, now: at.steady, busy: () => false, originOf: null });
    const outcome = { kind: "hand-back", reason: "the connection ended", dueAt: at.steady, litter: false } as const;
    recordOutcomes(db, [{ transfer: transfer!, outcome, startedAtMs: at.wall, bytes: 0 }], at.wall);
  }
  const settings = flowSettings({ destination: { ...flowSettings().destination, place } });
  const admission = new Admission(db, flow, settings, standingClock());
  const { version, mode, links } = put("a", 2);
  const sighting: Sighting = { kind: "file", path: rel("a"), version, mode, links, writer: "open", how: "event" };
  admission.admit([sighting]);
  return storyOf(db, flow, rel("a")).transfers.map((transfer) => [transfer.state, transfer.version?.mtimeNs]);
}

const broker = { kind: "publish", publish: publishSettings() } as const;
const { place: directory } = flowSettings().destination;

test("what a broker may have been told of gets no other version, since both would be one message; another transfer does", async () => {
  await using ledger = await makeLedger();
  expect(writtenAgain(ledger, broker, true)).toEqual([
    ["superseded", 1n],
    ["settling", 2n],
  ]);
});

test("what nobody was told of yet, or is moved to a directory, is the same transfer with the newer version", async () => {
  await using untold = await makeLedger();
  expect(writtenAgain(untold, broker, false)).toEqual([["settling", 2n]]);
  await using moved = await makeLedger();
  expect(writtenAgain(moved, directory, true)).toEqual([["settling", 2n]]);
});

/** What is told once the newest version of a path, which nobody was told of, is gone. */
async function toldOnceGone(place: FlowSettings["destination"]["place"], told: Change[], untold: Change[]): Promise<string[]> {
  await using ledger = await makeLedger();
  const { db, flow, run, at } = ledger;
  const ends: Outcome = {
    kind: "delivered",
    receipt: { proof: { basis: "confirmed" }, durable: false },
    method: "published",
    retain: { kind: "keep" },
  };
  for (const change of told) {
    recordQueued(db, flow, change, at);
    const [transfer] = claim(db, { flow, run, bulk: false, limit: 1, now: at.steady, busy: () => false, originOf: null });
    recordOutcomes(db, [{ transfer: transfer!, outcome: ends, startedAtMs: at.wall, bytes: 0 }], at.wall);
  }
  for (const change of untold) {
    const id = recordQueued(db, flow, change, at);
    if (change !== untold.at(-1)) supersede(db, id, "a newer version of the path was seen", at.wall);
  }
  const settings = flowSettings({ destination: { ...flowSettings().destination, place } });
  new Admission(db, flow, settings, standingClock()).admit([{ kind: "gone", path: rel("a"), directory: false }]);
  const { transfers } = storyOf(db, flow, rel("a"));
  return transfers.filter(({ state }) => state === "queued").map(({ change }) => change.kind);
}

const removed: Change = { kind: "delete", path: rel("a") };
const made: Change = { kind: "mkdir", path: rel("a"), mode: 0o755 };

test("receivers look at the source themselves, so a path that they were told of is told to be gone, also where its last versions were not told", async () => {
  const told = [put("a", 1), removed];
  expect(await toldOnceGone(broker, told, [put("a", 2)])).toEqual(["delete"]);
  // However many there were meanwhile.
  expect(
    await toldOnceGone(
      broker,
      told,
      Array.from({ length: 300 }, (_, at) => put("a", at + 2)),
    ),
  ).toEqual(["delete"]);
  expect(await toldOnceGone(broker, told, [made])).toEqual(["rmdir"]);
  // Nobody knows of it; a directory has only what was moved there.
  expect(await toldOnceGone(broker, [], [put("a", 2)])).toEqual([]);
  expect(await toldOnceGone(directory, told, [put("a", 2)])).toEqual([]);
});
