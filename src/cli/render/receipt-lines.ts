import type { ReceiptRow } from "../../flow/ledger/receipts.ts";
import { bufferOf, show } from "../../kernel/path.ts";
import { formatBytes, formatTime } from "../../kernel/readable.ts";
import { isoMs, isoNs, pathFields } from "../../daemon/json/fields.ts";

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

/**
 * A line as `sha256sum` prints it and `sha256sum -c` reads it: the name's own bytes. A newline or
 * backslash in it is escaped, and then a backslash stands before the digest; so is a carriage return
 * at the end, which newer readers would take for part of the line's end. A file named `-` gets its
 * directory, since the bare name is standard input.
 */
export function sumLine(row: { digest: { hex: string }; path: ReceiptRow["path"] }): Buffer {
  const name = row.path === ("-" as ReceiptRow["path"]) ? "./-" : row.path;
  const strange = /[\n\\]|\r$/.test(name);
  const escaped = strange ? name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replace(/\r$/, "\\r") : name;
  return bufferOf(`${strange ? "\\" : ""}${row.digest.hex}  ${escaped}\n` as ReceiptRow["path"]);
}
