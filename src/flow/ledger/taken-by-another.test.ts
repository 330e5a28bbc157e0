import { expect, test } from "vitest";
import { makeLedger, put, registerTestFlow, rel } from "../../../test/support/ledger.ts";
import { newest, recordQueued } from "./admissions.ts";
import { claim } from "./claims.ts";
import type { FlowId } from "./flows.ts";
import { recordOutcomes } from "./outcomes.ts";
import { beginRemoval } from "./retention.ts";
import { takenByAnother } from "./taken-by-another.ts";

test("only the very version that another flow's retention took, under the name that it has there", async () => {
  await using ledger = await makeLedger();
  const { db, flow, run, at } = ledger;
  const deeper = registerTestFlow(db, "deeper", "/source/sub");
  const elsewhere = registerTestFlow(db, "elsewhere", "/other");
  const delivered = (to: FlowId, path: string, content = 1): void => {
    recordQueued(db, to, put(path, content), at);
    const [transfer] = claim(db, { flow: to, run, bulk: false, limit: 1, now: at.steady, busy: () => false });
    const proof = { basis: "digest", digest: { algorithm: "sha256", hex: "ab".repeat(32) } } as const;
    recordOutcomes(
      db,
      [
        {
          transfer: transfer!,
          outcome: { kind: "delivered", receipt: { proof, durable: true }, method: "sent", retain: { kind: "due", at: at.steady } },
          startedAtMs: 1,
          bytes: 1,
        },
      ],
      50,
    );
  };
  const taken = (path: string): boolean => takenByAnother(db, flow, rel(path), newest(db, flow, rel(path))!);
  for (const name of ["sub/a", "sub/b", "sub/c"]) delivered(flow, name);
  delivered(deeper, "a");
  delivered(deeper, "b", 2);
  delivered(deeper, "c");
  delivered(elsewhere, "sub/c");
  for (const [of, path] of [
    [deeper, "a"],
    [deeper, "b"],
    [elsewhere, "sub/c"],
  ] as const)
    beginRemoval(db, newest(db, of, rel(path))!.id);
  expect(taken("sub/a")).toBe(true);
  expect(taken("sub/b"), "another version").toBe(false);
  expect(taken("sub/c"), "only due there, and taken from another tree").toBe(false);
});
