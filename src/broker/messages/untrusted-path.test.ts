import { posix } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOf, show } from "../../kernel/path.ts";
import { bytesOfWire, readUntrustedPath, wireOfBytes } from "./untrusted-path.ts";

const faultOf = (text: string): string => {
  const read = readUntrustedPath(text);
  return read.ok ? show(read.path) : `! ${read.fault}`;
};

/** Of any UTF-16 units, halves of characters among them. */
const texts = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units));

test("each way out of the base is refused by its name", () => {
  expect(
    Object.fromEntries(
      [
        "",
        ".",
        "/",
        "/etc/passwd",
        "..",
        "a/../../b",
        "a/..",
        "a\0b",
        "%2e%2e/x",
        "%252e%252E%252fx",
        "%2fetc",
        "x%00",
        "..%5cx",
        "\ud800",
        "\udc2f",
      ].map((text) => [text, faultOf(text)]),
    ),
  ).toEqual({
    "": "! empty",
    ".": "! empty",
    "/": "! absolute",
    "/etc/passwd": "! absolute",
    "..": "! leaves-the-base",
    "a/../../b": "! leaves-the-base",
    "a/..": "! leaves-the-base",
    "a\0b": "! nul",
    "%2e%2e/x": "! leaves-the-base",
    "%252e%252E%252fx": "! leaves-the-base",
    "%2fetc": "! absolute",
    "x%00": "! nul",
    "..%5cx": "! leaves-the-base",
    "\ud800": "! not-bytes",
    "\udc2f": "! not-bytes",
  });
  expect(faultOf("x".repeat(256))).toBe("! name-too-long");
  expect(faultOf("é".repeat(128))).toBe("! name-too-long");
  expect(faultOf("a/".repeat(2048))).toBe("! too-long");
  expect(faultOf(`%${"25".repeat(6)}2e`)).toBe("! encoded");
});

test("ordinary names stay what they are", () => {
  for (const name of ["a b", "a%20b", "100%", "a%2fb", "...", "..a", "a\\..\\b", "été/ünï.txt", "x#y*z/q.txt", "-rf", "a\nb"]) {
    expect(readUntrustedPath(name)).toEqual({ ok: true, path: bytesOfWire(name) });
  }
  expect(faultOf("a//b/./c/")).toBe("a/b/c");
});

function percentDecoded(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

test("whatever is let through stays below the base, decoded or not", { timeout: 30_000 }, () => {
  const pieces = fc.constantFrom(
    "..",
    ".",
    "/",
    "//",
    "a",
    "%2e",
    "%2E",
    "%2f",
    "%252e",
    "%25",
    "%",
    "\\",
    "\0",
    "é",
    "\udcff",
    "%00",
    " ",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(pieces, { maxLength: 12 }).map((list) => list.join("")),
        texts,
      ),
      (text) => {
        const read = readUntrustedPath(text);
        if (!read.ok) return;
        for (let path: string = read.path, times = 0; times < 6; times += 1, path = percentDecoded(path)) {
          const stays = !path.includes("\0") && !path.startsWith("/") && posix.resolve("/base", `./${path}`).startsWith("/base/");
          expect(stays ? "" : path).toBe("");
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("any bytes survive the way through text, as Python writes them", { timeout: 30_000 }, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (buffer) => {
      const bytes = bytesOf(buffer);
      expect(bytesOfWire(wireOfBytes(bytes))).toBe(bytes);
      expect(bytesOfWire(JSON.parse(JSON.stringify(wireOfBytes(bytes))) as string)).toBe(bytes);
    }),
    { numRuns: 1000 },
  );
  expect(JSON.stringify(wireOfBytes(bytesOf(Buffer.from([0x61, 0xff, 0xc3, 0xa9]))))).toBe('"a\\udcffé"');
});
