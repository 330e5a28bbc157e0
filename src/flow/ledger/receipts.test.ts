import { expect, test } from "vitest";
import { makeLedger, put, rel, type TestLedger } from "../../../test/support/ledger.ts";
import { bytesOf, type RelPath } from "../../kernel/path.ts";
import type { Change } from "../transfer.ts";
import { recordQueued } from "./admissions.ts";
import { claim } from "./claims.ts";
import { recordOutcomes } from "./outcomes.ts";
import { receipts } from "./receipts.ts";

function deliver(ledger: TestLedger, change: Change): void {
  recordQueued(ledger.db, ledger.flow, change, ledger.at);
  const [transfer] = claim(ledger.db, {
    flow: ledger.flow,
    run: ledger.run,
    bulk: false,
    limit: 1,
    now: ledger.at.steady,
    busy: () => false,
  });
  const content = change.kind === "put" || change.kind === "rename";
  const proof = content
    ? ({ basis: "digest", digest: { algorithm: "sha256", hex: "ef".repeat(32) } } as const)
    : ({ basis: "structure" } as const);
  recordOutcomes(
    ledger.db,
    [
      {
        transfer: transfer!,
        outcome: { kind: "delivered", receipt: { proof, durable: true }, method: "sent", retain: { kind: "keep" } },
        startedAtMs: 1,
        bytes: 1,
      },
    ],
    50,
  );
}

const rename = (from: string, path: string, directory = false): Change => ({
  kind: "rename",
  path: rel(path),
  from: rel(from),
  directory,
  version: directory ? null : put("x").version,
  mode: 0o644,
});
const listed = (ledger: TestLedger): string[] => [...receipts(ledger.db, { id: ledger.flow, name: "test" })].map((receipt) => receipt.path);

test("each path is listed once, by its newest version, in the order of bytes", async () => {
  await using ledger = await makeLedger();
  for (const change of [put("b", 1), put("a/c", 1), put("b", 2), put("a.", 1)]) deliver(ledger, change);
  expect(listed(ledger)).toEqual(["a.", "a/c", "b"]);
  expect([...receipts(ledger.db, { id: ledger.flow, name: "test" })].at(-1)).toMatchObject({
    mtimeNs: 2n,
    digest: { hex: "ef".repeat(32) },
    durable: true,
  });
});

test("what was removed or renamed away is not listed, what came back is", async () => {
  await using ledger = await makeLedger();
  for (const change of [put("a"), put("b"), { kind: "delete", path: rel("a") } as const, rename("b", "c")]) deliver(ledger, change);
  expect(listed(ledger)).toEqual(["c"]);
  deliver(ledger, put("a", 2));
  deliver(ledger, put("b", 2));
  expect(listed(ledger)).toEqual(["a", "b", "c"]);
});

test("what went with its directory is not listed under its old name, whatever bytes the names have", async () => {
  await using ledger = await makeLedger();
  const strange = bytesOf(Buffer.from([0xff, 0xc3, 0x28])) as RelPath;
  const inside = `${strange}/\xfe` as RelPath;
  for (const change of [put("d/f"), put("d.f"), put("d0"), { ...put("x"), path: inside }, rename("d", "e", true)]) deliver(ledger, change);
  expect(listed(ledger)).toEqual(["d.f", "d0", "e", inside]);
  deliver(ledger, { kind: "rename", path: rel("plain"), from: strange, directory: true, version: null, mode: 0o755 });
  expect(listed(ledger)).toEqual(["d.f", "d0", "e", "plain"]);
});
