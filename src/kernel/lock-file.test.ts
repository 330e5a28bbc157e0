import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readIfThere, writeDurably } from "./durable-file.ts";
import { lockHolder, takeLock } from "./lock-file.ts";
import { ownIdentity } from "./process-identity.ts";

let place = "";
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "hotdir-lock-"));
});
afterAll(() => rmSync(place, { recursive: true }));

test("a lock has one holder, who is named in it, and another one can have it afterwards", () => {
  const file = join(place, "below", "lock");
  expect(lockHolder(file)).toBe(null);
  {
    using lock = takeLock(file);
    expect(lock).not.toBe(null);
    expect(takeLock(file)).toBe(null);
    expect(lockHolder(file)).toEqual(ownIdentity());
  }
  using again = takeLock(file);
  expect(again).not.toBe(null);
});

test("what was in the file before, longer than what is now, does not show", () => {
  const file = join(place, "old");
  writeFileSync(file, `${"9".repeat(9)} 1234567890123 ${"b".repeat(200)}\n`);
  expect(lockHolder(file)).toBe(null);
  using _lock = takeLock(file);
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(2);
  expect(lockHolder(file)).toEqual(ownIdentity());
});

test("a file is replaced whole, with its mode, and none is left behind", () => {
  const file = join(place, "deep", "durable.json");
  expect(readIfThere(file)).toBe(null);
  writeDurably(file, "one and more");
  writeDurably(file, "two");
  expect(readIfThere(file)).toBe("two");
  expect(readIfThere(join(file, "below-a-file"))).toBe(null);
});
