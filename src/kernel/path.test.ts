import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hostileNames } from "../../test/support/names.ts";
import {
  type AbsPath,
  absPath,
  ancestorsOf,
  below,
  bufferOf,
  type Bytes,
  bytesOf,
  bytesOfText,
  fsPath,
  isRelPath,
  join,
  nameOf,
  parentOf,
  relPath,
  show,
  textOf,
} from "./path.ts";

const anyBytes = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytesOf(bytes));
const segment = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => bytesOf(bytes).replaceAll("/", "_").replaceAll("\0", "_") as Bytes)
  .filter((name) => name !== "." && name !== "..");
const anyRel = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => relPath(segments.join("/") as Bytes));
const anyAbs = fc.oneof(
  fc.constant("/" as AbsPath),
  anyRel.map((path) => `/${path}` as AbsPath),
);

describe("bytes", () => {
  test("come back from their string as they were", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect([...bufferOf(bytesOf(bytes))]).toEqual([...bytes]);
      }),
    );
  });
  test("of a part of a larger buffer are those of the part only", () => {
    expect(bytesOf(Buffer.from("abcdef").subarray(2, 4))).toBe("cd");
  });
  test("of text are its UTF-8, and text of those is the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const whole = text.toWellFormed();
        expect(bufferOf(bytesOfText(whole)).equals(Buffer.from(whole, "utf8"))).toBe(true);
        expect(textOf(bytesOfText(whole))).toBe(whole);
      }),
    );
  });
  test("name the same file whether they are given as text or as a buffer", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(Buffer.from(fsPath(bytes)).equals(bufferOf(bytes))).toBe(true);
      }),
    );
  });
});

describe("show", () => {
  const forging = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/u;
  test("never lets through a character that moves the cursor, turns the line or starts a new one", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(show(bytes)).not.toMatch(forging);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(show(bytesOfText(text))).not.toMatch(forging);
      }),
    );
    for (const name of hostileNames) expect(show(name("x") as Bytes)).not.toMatch(forging);
    for (let point = 0; point < 0x3000; point++) expect(show(bytesOfText(String.fromCodePoint(point)))).not.toMatch(forging);
  });
  test("tells different names apart", () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, (a, b) => {
        expect(show(a) === show(b)).toBe(a === b);
      }),
    );
  });
  test("leaves what people can read as it is", () => {
    expect(show(bytesOfText("données/été 1 (a).nc"))).toBe("données/été 1 (a).nc");
  });
  test("writes what they cannot read as escapes", () => {
    expect(show("a\nb\\c\t\r\x1b[31m\xff" as Bytes)).toBe("a\\nb\\\\c\\t\\r\\x1b[31m\\xff");
    expect(show(bytesOfText("\u202egnp.exe"))).toBe("\\xe2\\x80\\xaegnp.exe");
  });
});

describe("paths", () => {
  test("below is the inverse of join", () => {
    fc.assert(
      fc.property(anyAbs, anyRel, (root, path) => {
        expect(below(root, join(root, path))).toBe(path);
      }),
    );
  });
  test("nothing is below itself, nor below a sibling whose name begins alike", () => {
    fc.assert(
      fc.property(anyAbs, (root) => {
        expect(below(root, root)).toBeNull();
      }),
    );
    expect(below("/a/b" as AbsPath, "/a/bc" as AbsPath)).toBeNull();
    expect(below("/" as AbsPath, "/a" as AbsPath)).toBe("a");
  });
  test("parent and name make the path, and the ancestors lead to the parent", () => {
    fc.assert(
      fc.property(anyRel, (path) => {
        const parent = parentOf(path);
        expect(join(parent as Bytes, nameOf(path))).toBe(path);
        expect(ancestorsOf(path).at(-1) ?? "").toBe(parent);
        expect(ancestorsOf(path).every((directory) => path.startsWith(`${directory}/`))).toBe(true);
      }),
    );
  });
  test("a relative path never leads out of its root", () => {
    for (const path of ["", ".", "..", "a/..", "../a", "a//b", "/a", "a/", "a/./b", "a\0b"]) {
      expect(isRelPath(path as Bytes)).toBe(false);
      expect(() => relPath(path as Bytes)).toThrow("not a clean relative path");
    }
    for (const path of ["a", "...", "..a/.b", " ", "-rf", "\xff"]) expect(isRelPath(path as Bytes)).toBe(true);
  });
  test("an absolute path is cleaned by text alone", () => {
    expect(absPath("a/./b//../c/" as Bytes, "/r" as AbsPath)).toBe("/r/a/c");
    expect(absPath("../../../x" as Bytes, "/r" as AbsPath)).toBe("/x");
    expect(absPath("/" as Bytes)).toBe("/");
    fc.assert(
      fc.property(anyBytes, (path) => {
        expect(absPath(absPath(path))).toBe(absPath(path));
      }),
    );
  });
  test("joining with nothing changes nothing", () => {
    expect(join("" as Bytes, "a" as Bytes)).toBe("a");
    expect(join("/r" as AbsPath, "" as Bytes)).toBe("/r");
  });
});
