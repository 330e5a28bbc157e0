import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../support/random.ts";
import { toBuffer } from "../support/walk.ts";

export type Content = { seed: number; sizeBytes: number };
export type Written = { sha256: string; sizeBytes: number };

const PIECE_BYTES = 256 * 1024;

/** Creates or truncates, writes, closes. */
export function writeFile(file: string, content: Content): Written {
  const hash = createHash("sha256");
  const descriptor = openSync(toBuffer(file), "w");
  try {
    for (const piece of piecesOf(content, PIECE_BYTES)) writeWhole(descriptor, piece, hash);
  } finally {
    closeSync(descriptor);
  }
  return { sha256: hash.digest("hex"), sizeBytes: content.sizeBytes };
}

/** Holds the file open and writes it bit by bit, as an instrument does. */
export async function appendTo(file: string, content: Content, pace: { pieces: number; pauseMs: number }): Promise<Written> {
  const hash = createHash("sha256");
  const descriptor = openSync(toBuffer(file), "a");
  try {
    for (const piece of piecesOf(content, Math.max(1, Math.ceil(content.sizeBytes / pace.pieces)))) {
      writeWhole(descriptor, piece, hash);
      await sleep(pace.pauseMs);
    }
  } finally {
    closeSync(descriptor);
  }
  return { sha256: hash.digest("hex"), sizeBytes: content.sizeBytes };
}

function* piecesOf(content: Content, pieceBytes: number): Generator<Buffer> {
  const random = new Random(content.seed);
  for (let left = content.sizeBytes; left > 0; left -= pieceBytes) yield random.fill(Math.min(pieceBytes, left));
}

function writeWhole(descriptor: number, piece: Buffer, hash: ReturnType<typeof createHash>): void {
  hash.update(piece);
  for (let at = 0; at < piece.length;) at += writeSync(descriptor, piece, at);
}
