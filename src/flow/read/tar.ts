import type { Bytes } from "../../kernel/path.ts";

/** The unit of a tar archive: headers and padded contents are multiples of it (POSIX ustar, IEEE 1003.1 pax). */
export const BLOCK_BYTES = 512;
/** Two blocks of zeros end an archive. */
export const END_BYTES = 2 * BLOCK_BYTES;
const NAME_BYTES_MAX = 100;

export function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
}

/** What a file takes in the archive, with its header, and the GNU long-name entry where the name needs one. */
export function entryBytes(name: Bytes, sizeBytes: number): number {
  const longName = name.length > NAME_BYTES_MAX ? BLOCK_BYTES + padded(name.length + 1) : 0;
  return longName + BLOCK_BYTES + padded(sizeBytes);
}

export type TarEntry = { name: Bytes; sizeBytes: number; mode: number; mtimeS: number };

/**
 * Writes the header of a regular file at `at`; returns where its content begins. Names are bytes, up
 * to 100 in the header and longer ones in a GNU `L` entry, which GNU, busybox and BSD tar all read.
 */
export function writeHeader(into: Buffer, at: number, entry: TarEntry): number {
  let next = at;
  if (entry.name.length > NAME_BYTES_MAX) next = writeLongName(into, next, entry.name);
  writeBlock(into, next, entry.name.slice(0, NAME_BYTES_MAX) as Bytes, entry, "0");
  return next + BLOCK_BYTES;
}

function writeLongName(into: Buffer, at: number, name: Bytes): number {
  const sizeBytes = name.length + 1;
  writeBlock(into, at, "././@LongLink" as Bytes, { sizeBytes, mode: 0o644, mtimeS: 0 }, "L");
  into.fill(0, at + BLOCK_BYTES, at + BLOCK_BYTES + padded(sizeBytes));
  into.write(name, at + BLOCK_BYTES, "latin1");
  return at + BLOCK_BYTES + padded(sizeBytes);
}

function writeBlock(into: Buffer, at: number, name: Bytes, entry: Omit<TarEntry, "name">, type: "0" | "L"): void {
  into.fill(0, at, at + BLOCK_BYTES);
  into.write(name, at, "latin1");
  writeOctal(into, at + 100, 8, entry.mode & 0o7777);
  writeOctal(into, at + 108, 8, 0);
  writeOctal(into, at + 116, 8, 0);
  writeOctal(into, at + 124, 12, entry.sizeBytes);
  writeOctal(into, at + 136, 12, Math.max(0, entry.mtimeS));
  into.write(type, at + 156, "latin1");
  into.write("ustar\x0000", at + 257, "latin1");
  into.fill(0x20, at + 148, at + 156);
  let sum = 0;
  for (let byte = at; byte < at + BLOCK_BYTES; byte++) sum += into[byte]!;
  into.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
}

function writeOctal(into: Buffer, at: number, width: number, value: number): void {
  into.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "latin1");
}
