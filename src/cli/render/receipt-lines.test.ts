import { expect, test } from "vitest";
import type { ReceiptRow } from "../../flow/ledger/receipts.ts";
import type { RelPath } from "../../kernel/path.ts";
import { isoNs } from "../../kernel/json-fields.ts";
import { sumLine } from "../../flow/sum-line.ts";
import { receiptJson, receiptText } from "./receipt-lines.ts";

process.env["TZ"] = "UTC";
const hex = "ab".repeat(32);
const row: ReceiptRow = {
  flow: "hot",
  path: "run/a.nc" as RelPath,
  kind: "put",
  sizeBytes: 1234,
  mtimeNs: 1_795_337_000_123_456_789n,
  basis: "digest",
  digest: { algorithm: "sha256", hex },
  durable: true,
  method: "bundled",
  deliveredAtMs: Date.UTC(2026, 10, 22, 8, 41, 44, 5),
  transfer: 7,
};

test("a receipt as JSON holds all that proves it", () => {
  expect(receiptJson(row)).toEqual({
    flow: "hot",
    path: "run/a.nc",
    kind: "put",
    size: 1234,
    mtime: isoNs(1_795_337_000_123_456_789n),
    algorithm: "sha256",
    digest: hex,
    basis: "digest",
    durable: true,
    method: "bundled",
    delivered_at: "2026-11-22T08:41:44.005Z",
    transfer: 7,
  });
  expect(receiptJson({ ...row, path: "\xff" as RelPath })).toMatchObject({ path: "\ufffd", path_bytes: "ff" });
  expect(receiptJson({ ...row, digest: null, basis: "size", mtimeNs: null, sizeBytes: null })).toMatchObject({
    algorithm: null,
    digest: null,
    mtime: null,
    size: null,
  });
});

test("times have nanoseconds, also before 1970, and none where the clock was broken", () => {
  expect(isoNs(1_000_000_001n)).toBe("1970-01-01T00:00:01.000000001Z");
  expect(isoNs(-1n)).toBe("1969-12-31T23:59:59.999999999Z");
  expect(isoNs(10n ** 30n)).toBeNull();
});

test("a sum line is as sha256sum writes it: raw bytes, strange names escaped", () => {
  const line = (path: string): string => sumLine({ digest: { hex: "00" }, path: path as RelPath }).toString("latin1");
  expect(line("a b")).toBe("00  a b\n");
  expect(line("\xff")).toBe("00  \xff\n");
  expect(line("a\nb")).toBe("\\00  a\\nb\n");
  expect(line("a\\b")).toBe("\\00  a\\\\b\n");
  expect(line("a\r")).toBe("\\00  a\\r\n");
  expect(line("-")).toBe("00  ./-\n");
});

test("a receipt as text is one line", () => {
  expect(receiptText(row)).toBe("2026-11-22 08:41:44   1.21 KiB  sha256:abababababababab…  durable  run/a.nc\n");
});
