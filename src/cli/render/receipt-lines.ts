import type { ReceiptRow } from "../../flow/ledger/receipts.ts";
import { show } from "../../kernel/path.ts";
import { formatBytes, formatTime } from "../../kernel/readable.ts";
import { isoMs, isoNs, pathFields } from "../../kernel/json-fields.ts";

/** For people: when, what it rests on, what. */
export function receiptText(row: ReceiptRow): string {
  const proof = row.digest === null ? row.basis : `${row.digest.algorithm}:${row.digest.hex.slice(0, 16)}…`;
  return `${formatTime(row.deliveredAtMs)}  ${(row.sizeBytes === null ? "" : formatBytes(row.sizeBytes)).padStart(9)}  ${proof.padEnd(26)}${row.durable ? "durable  " : "         "}${show(row.path)}\n`;
}

export function receiptJson(row: ReceiptRow): object {
  return {
    flow: row.flow,
    ...pathFields(row.path),
    kind: row.kind,
    size: row.sizeBytes,
    mtime: row.mtimeNs === null ? null : isoNs(row.mtimeNs),
    algorithm: row.digest?.algorithm ?? null,
    digest: row.digest?.hex ?? null,
    basis: row.basis,
    durable: row.durable,
    method: row.method,
    delivered_at: isoMs(row.deliveredAtMs),
    transfer: row.transfer,
  };
}
