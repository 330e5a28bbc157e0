import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJsonObject, writeJson } from "./json-text.ts";

/** Of any UTF-16 units, halves of characters among them. */
const texts = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units));

test("JSON leaves as Python prints it", () => {
  expect(writeJson({ a: 'é\u{1f600}\u007f\n"\\/', b: [1, true, null], c: {} })).toBe(
    String.raw`{"a": "\u00e9\ud83d\ude00\u007f\n\"\\/", "b": [1, true, null], "c": {}}`,
  );
});

test("numbers that JavaScript would change keep their text", () => {
  const text = '{"x": 1.0, "y": [12345678901234567890, 1e400, -0], "z": 7, "t": "20261122T010319.25"}';
  expect(writeJson(parseJsonObject(text))).toBe(text);
});

test("what came is what leaves, whatever it holds", { timeout: 30_000 }, () => {
  const objects = fc.dictionary(texts, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });
  fc.assert(
    fc.property(objects, (object) => {
      const text = writeJson(object);
      expect(text).toMatch(/^[\x20-\x7e]*$/);
      expect(writeJson(parseJsonObject(text))).toBe(text);
      expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(object));
    }),
    { numRuns: 50 },
  );
});

test("what nests too deep, or is no object, is none", () => {
  expect(parseJsonObject(`{"a": ${"[".repeat(5000)}${"]".repeat(5000)}}`)).toBe(null);
  expect(["[]", "3", "1.50", "null", '"x"'].map(parseJsonObject)).toEqual([null, null, null, null, null]);
});
