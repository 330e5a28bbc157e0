import { expect, test } from "vitest";
import { makeLedger, put } from "../../../test/support/ledger.ts";
import { type AbsPath, bytesOfText } from "../../kernel/path.ts";
import { recordQueued } from "./admissions.ts";
import { claim } from "./claims.ts";
import { recordNamedFile } from "./named-files.ts";

const at = bytesOfText("/elsewhere/b c\n") as AbsPath;
const digest = { algorithm: "md5", hex: "00112233445566778899aabbccddeeff" } as const;

test("a transfer whose file was named is claimed with its file and the content that was told, others without", async () => {
  await using ledger = await makeLedger();
  const { db, flow, run } = ledger;
  const named = recordQueued(db, flow, put("named"), ledger.at);
  recordNamedFile(db, flow, named, { path: at, digest });
  recordNamedFile(db, flow, recordQueued(db, flow, put("untold"), ledger.at), { path: at, digest: null });
  recordQueued(db, flow, put("plain"), ledger.at);
  const claimed = claim(db, { flow, run, bulk: false, limit: 10, now: ledger.at.steady, busy: () => false });
  expect(claimed.map(({ file }) => file)).toEqual([{ path: at, digest }, { path: at, digest: null }, null]);
});

test("a named file without a path from the root is refused by the ledger itself", async () => {
  await using ledger = await makeLedger();
  const { db, flow } = ledger;
  const id = recordQueued(db, flow, put("named"), ledger.at);
  expect(() => recordNamedFile(db, flow, id, { path: "relative" as AbsPath, digest: null })).toThrow(/CHECK/);
});
