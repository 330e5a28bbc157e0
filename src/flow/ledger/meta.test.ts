import { expect, test } from "vitest";
import { makeLedger } from "../../../test/support/ledger.ts";
import { clockSkewMs, ledgerToken, recordClockSkew } from "./meta.ts";

const day = 86_400_000;

test("the ledger's token is made once", async () => {
  await using ledger = await makeLedger();
  expect([ledgerToken(ledger.db, () => "first"), ledgerToken(ledger.db, () => "second")]).toEqual(["first", "first"]);
});

test("the steady clock goes on over a restart although the wall was set while it ran", async () => {
  await using ledger = await makeLedger();
  expect(clockSkewMs(ledger.db, 1000)).toBe(0);
  recordClockSkew(ledger.db, day, 5 * day);
  expect(5 * day + 60 - clockSkewMs(ledger.db, 5 * day + 60)).toBe(4 * day + 60);
});

test("a wall that was set back while nobody ran takes the steady clock not back", async () => {
  await using ledger = await makeLedger();
  recordClockSkew(ledger.db, 0, 5 * day);
  expect(4 * day - clockSkewMs(ledger.db, 4 * day)).toBe(5 * day);
});
