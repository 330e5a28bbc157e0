import type { Segment } from "../ledger/segments.ts";

/** The unit that lanes take turns with, and what a lane sends again at most after a break. */
export const SEGMENT_BYTES = 8 * 1024 * 1024;

/**
 * The parts of a file that are still to be sent, in order. A file up to `segmentAboveBytes` is one
 * part. `written`: parts that were read back and found right. Pure.
 */
export function segmentsToSend(sizeBytes: number, segmentAboveBytes: number, written: Segment[]): Segment[] {
  const whole = sizeBytes <= segmentAboveBytes;
  const step = whole ? Math.max(sizeBytes, 1) : SEGMENT_BYTES;
  const done = new Set(written.map((segment) => `${segment.start}+${segment.lengthBytes}`));
  const plan: Segment[] = [];
  for (let start = 0; start < sizeBytes; start += step) {
    const segment = { start, lengthBytes: Math.min(step, sizeBytes - start) };
    if (!done.has(`${segment.start}+${segment.lengthBytes}`)) plan.push(segment);
  }
  return plan;
}
