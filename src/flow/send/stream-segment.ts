import type { FileHandle } from "node:fs/promises";
import { HotdirError } from "../../kernel/errors.ts";
import type { Segment } from "../ledger/segments.ts";
import type { SendContext } from "./context.ts";
import type { WritableFile } from "./contract.ts";
import type { Lane } from "./link.ts";

const PIECE_BYTES = 256 * 1024;
/** Pieces under way for one segment. With two segments a lane this is more than an SSH channel's window of 2 MiB, so that the round trip does not show. */
const PIECES_UNDER_WAY = 8;

/** Buffers that are used again and again: large files cost no garbage. */
const spare: Buffer[] = [];

/** Sends one part of an open source file; resolves when every byte of it was acknowledged. */
export async function streamSegment(
  context: SendContext,
  lane: Lane,
  from: FileHandle,
  to: WritableFile,
  segment: Segment,
  options: { signal: AbortSignal; acknowledged: (bytes: number) => void },
): Promise<void> {
  const end = segment.start + segment.lengthBytes;
  let next = segment.start;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const sendPieces = async (): Promise<void> => {
    const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
    try {
      while (next < end) {
        signal.throwIfAborted();
        const at = next;
        const length = Math.min(PIECE_BYTES, end - at);
        next += length;
        await context.bandwidth.take(length, signal);
        await readFully(from, buffer, length, at);
        lane.loadBytes += length;
        try {
          await to.write(buffer.subarray(0, length), at);
        } finally {
          lane.loadBytes -= length;
        }
        options.acknowledged(length);
      }
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      if (spare.length < 8 * PIECES_UNDER_WAY) spare.push(buffer);
    }
  };
  const ended = await Promise.allSettled(
    Array.from({ length: Math.min(PIECES_UNDER_WAY, Math.ceil(segment.lengthBytes / PIECE_BYTES)) }, sendPieces),
  );
  const broken = ended.find((settled) => settled.status === "rejected");
  if (broken !== undefined) throw firstReason(stop.signal.reason, broken.reason);
}

function firstReason(first: unknown, other: unknown): unknown {
  return first ?? other;
}

async function readFully(from: FileHandle, into: Buffer, length: number, position: number): Promise<void> {
  for (let read = 0; read < length;) {
    const { bytesRead } = await from.read(into, read, length - read, position + read);
    if (bytesRead === 0) throw new HotdirError("source-changed", { operation: "read", detail: "it became shorter" });
    read += bytesRead;
  }
}
