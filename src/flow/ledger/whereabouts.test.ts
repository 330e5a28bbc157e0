import { expect, test } from "vitest";
import { makeLedger, put, rel, type TestLedger } from "../../../test/support/ledger.ts";
import type { Change } from "../transfer.ts";
import { pathsBelieved, recordQueued, supersedeBelow } from "./admissions.ts";
import { claim } from "./claims.ts";
import { recordOutcomes } from "./outcomes.ts";
import { anythingBelow, atDestination, movedAway, presentName } from "./whereabouts.ts";

function queue(ledger: TestLedger, change: Change): number {
  return recordQueued(ledger.db, ledger.flow, change, ledger.at);
}

function deliver(ledger: TestLedger, ...changes: Change[]): number[] {
  return changes.map((change) => {
    const id = queue(ledger, change);
    const [transfer] = claim(ledger.db, {
      flow: ledger.flow,
      run: ledger.run,
      bulk: false,
      limit: 1,
      now: ledger.at.steady,
      busy: () => false,
    });
    const receipt = { proof: { basis: "structure" }, durable: false } as const;
    recordOutcomes(
      ledger.db,
      [
        {
          transfer: transfer!,
          outcome: { kind: "delivered", receipt, method: "sent", retain: { kind: "keep" } },
          startedAtMs: 1,
          bytes: 0,
        },
      ],
      1,
    );
    return id;
  });
}

const rename = (from: string, path: string, directory = false): Change => ({
  kind: "rename",
  path: rel(path),
  from: rel(from),
  directory,
  version: directory ? null : put("x").version,
  mode: 0o644,
});
const remove = (path: string): Change => ({ kind: "delete", path: rel(path) });
const there = (ledger: TestLedger, ...paths: string[]): unknown[] => paths.map((path) => atDestination(ledger.db, ledger.flow, rel(path)));

test("what was delivered is there, what waits to be sent is not, what waits to be removed is not any more", async () => {
  await using ledger = await makeLedger();
  deliver(ledger, put("a"), put("b"), { kind: "mkdir", path: rel("d"), mode: 0o755 });
  queue(ledger, put("c"));
  queue(ledger, remove("b"));
  expect(there(ledger, "a", "b", "c", "d", "nothing")).toEqual(["file", null, null, "directory", null]);
});

test("an attempt whose end nobody saw may have put something there", async () => {
  await using ledger = await makeLedger();
  queue(ledger, put("a"));
  claim(ledger.db, { flow: ledger.flow, run: ledger.run, bulk: false, limit: 1, now: ledger.at.steady, busy: () => false });
  expect(there(ledger, "a")).toEqual(["file"]);
});

test("a renamed directory takes along what is in it, and brings it under the new name", async () => {
  await using ledger = await makeLedger();
  const [inside] = deliver(ledger, put("d/e/f"), put("d.f"), rename("d", "x", true));
  expect(there(ledger, "d/e/f", "x/e/f", "d.f", "x.f")).toEqual([null, "file", "file", null]);
  expect(movedAway(ledger.db, ledger.flow, rel("d/e/f"), inside!)).toBe(true);
  expect(presentName(ledger.db, ledger.flow, rel("d/e/f"), inside!)).toBe("x/e/f");
  deliver(ledger, rename("x/e", "y", true));
  expect(there(ledger, "x/e/f", "y/f")).toEqual([null, "file"]);
  expect(presentName(ledger.db, ledger.flow, rel("d/e/f"), inside!)).toBe("y/f");
});

test("what was removed after it was brought is not there, and what came back is", async () => {
  await using ledger = await makeLedger();
  deliver(ledger, put("d/f"), put("d/g"), rename("d", "x", true), remove("x/f"), put("d/f", 2));
  expect(there(ledger, "x/f", "x/g", "d/f", "d/g")).toEqual([null, "file", "file", null]);
});

test("names that are exchanged are followed in order", async () => {
  await using ledger = await makeLedger();
  deliver(ledger, put("a", 1), rename("a", "t"), rename("t", "b"), rename("b", "a"));
  expect(there(ledger, "a", "b", "t")).toEqual(["file", null, null]);
});

test("a directory that a rename waits to fill counts as having something in it", async () => {
  await using ledger = await makeLedger();
  deliver(ledger, put("a"));
  expect(anythingBelow(ledger.db, ledger.flow, rel("d"))).toBe(false);
  queue(ledger, rename("a", "d/a"));
  expect(anythingBelow(ledger.db, ledger.flow, rel("d"))).toBe(true);
});

test("when a directory moves, what waits to be sent below it gives way, and removals and renames below it stay", async () => {
  await using ledger = await makeLedger();
  const waiting = [put("d/new"), remove("d/old"), rename("a", "d/a"), put("e")].map((change) => queue(ledger, change));
  expect(supersedeBelow(ledger.db, ledger.flow, rel("d"), "moved", 1)).toBe(1);
  expect(ledger.db.all<{ id: number }>("SELECT id FROM transfer WHERE state = 'queued'").map((row) => row.id)).toEqual(waiting.slice(1));
});

test("what should be in the source is told leaves first, under the name that it has now", async () => {
  await using ledger = await makeLedger();
  deliver(ledger, { kind: "mkdir", path: rel("d"), mode: 0o755 }, put("d/f"), put("d/g"), remove("d/g"), rename("d", "x", true), put("a"));
  const believed = (before: string | null, limit: number): string[] =>
    pathsBelieved(ledger.db, ledger.flow, before === null ? null : rel(before), limit).map(({ path, name }) => `${path} is ${name}`);
  expect(believed(null, 10)).toEqual(["x is x", "d/f is x/f", "d is x", "a is a"]);
  expect(believed("d/f", 1)).toEqual(["d is x"]);
});
