import * as fc from "fast-check";
import { expect, it } from "vitest";
import { editDistance, nearest } from "./nearest.ts";

const keys = ["directory", "accept", "reject", "settle", "rescan", "propagate", "keep_free"];

it.each([
  ["setle", "settle"],
  ["direcotry", "directory"],
  ["Reject", "reject"],
  ["keepFree", "keep_free"],
  ["keep-free", "keep_free"],
])("takes %s for %s", (word, meant) => {
  expect(nearest(word, keys)).toBe(meant);
});

it.each(["", "x", "password", "a".repeat(10_000)])("takes %j for nothing", (word) => {
  expect(nearest(word, keys)).toBeNull();
});

it("counts a swap of neighbours as one edit", () => {
  expect(editDistance("ab", "ba")).toBe(1);
  expect(editDistance("kitten", "sitting")).toBe(3);
});

it("the distance is symmetric, and zero for equal words only", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
    }),
  );
});
