import fc from "fast-check";
import { expect, test } from "vitest";
import { SEGMENT_BYTES, segmentsToSend } from "./segment-plan.ts";

const sizes = fc.integer({ min: 0, max: 20 * SEGMENT_BYTES });

/** Whether the parts, in the order of their starts, follow one another from 0 to the end. */
function coverOnce(sizeBytes: number, parts: Array<{ start: number; lengthBytes: number }>): boolean {
  let next = 0;
  for (const part of [...parts].sort((a, b) => a.start - b.start)) {
    if (part.start !== next || part.lengthBytes <= 0) return false;
    next += part.lengthBytes;
  }
  return next === sizeBytes;
}

test("the parts cover the file exactly once", () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 10 * SEGMENT_BYTES }), (size, above) => {
      expect(coverOnce(size, segmentsToSend(size, above, []))).toBe(true);
    }),
  );
});

test("what is kept of an earlier try and what is sent cover the file exactly once", () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: SEGMENT_BYTES }), fc.infiniteStream(fc.boolean()), (size, above, kept) => {
      const written = segmentsToSend(size, above, []).filter(() => kept.next().value);
      expect(coverOnce(size, [...written, ...segmentsToSend(size, above, written)])).toBe(true);
    }),
  );
});

test("a part that does not fit the plan is sent again and not believed", () => {
  const size = 3 * SEGMENT_BYTES;
  expect(
    segmentsToSend(size, 1, [
      { start: 5, lengthBytes: SEGMENT_BYTES },
      { start: 0, lengthBytes: 7 },
    ]),
  ).toHaveLength(3);
});

test("a file up to the limit goes whole, one byte more goes in parts", () => {
  expect(segmentsToSend(SEGMENT_BYTES * 2, SEGMENT_BYTES * 2, [])).toEqual([{ start: 0, lengthBytes: SEGMENT_BYTES * 2 }]);
  expect(segmentsToSend(SEGMENT_BYTES * 2 + 1, SEGMENT_BYTES * 2, [])).toHaveLength(3);
});

test("an empty file has no parts", () => {
  expect(segmentsToSend(0, 0, [])).toEqual([]);
});
