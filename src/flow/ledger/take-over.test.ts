import { expect, test } from "vitest";
import { makeLedger, put, rel } from "../../../test/support/ledger.ts";
import type { Change } from "../transfer.ts";
import { recordQueued } from "./admissions.ts";
import { claim } from "./claims.ts";
import { recount } from "./flows.ts";
import { takeOver } from "./take-over.ts";

const gone = (path: string): Change => ({ kind: "delete", path: rel(path) });
const moved = (from: string, path: string): Change => ({
  kind: "rename",
  path: rel(path),
  from: rel(from),
  directory: false,
  version: put(path).version,
  mode: 0o644,
});

test("who takes over looks for what waits, and does not remove what is there again", async () => {
  await using ledger = await makeLedger();
  const { db, flow, run, at } = ledger;
  const queue = [put("a"), gone("b"), put("b", 2), gone("only"), gone("c"), moved("x", "c"), put("c", 2), moved("y", "z")];
  for (const change of queue) recordQueued(db, flow, change, at);
  takeOver(db, flow, 99);
  const open = db.all<{ path: string; kind: string; adopt: number }>(
    "SELECT CAST(path AS TEXT) AS path, kind, adopt FROM transfer WHERE state = 'queued' ORDER BY id",
  );
  expect(open.map(({ path, kind, adopt }) => `${kind} ${path}${adopt === 1 ? ", looked for" : ""}`)).toEqual([
    "put a, looked for",
    "put b, looked for",
    "delete only",
    // Something is brought there in between: in its order.
    "delete c",
    "rename c, looked for",
    "put c, looked for",
    "rename z, looked for",
  ]);
  expect(recount(db, flow)).toEqual([]);
  expect(claim(db, { flow, run, bulk: false, limit: 1, now: at.steady, busy: () => false })).toMatchObject([{ adopt: true }]);
});
