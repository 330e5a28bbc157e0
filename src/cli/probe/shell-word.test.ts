import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Bytes, bytesOf } from "../../kernel/path.ts";
import { shellText, shellWord } from "./shell-word.ts";

test("plain names stay plain, others are quoted", () => {
  expect(shellText("/data/in-1/a.nc")).toBe("/data/in-1/a.nc");
  expect(shellText("~/x")).toBe("'~/x'");
  expect(shellText("a b")).toBe("'a b'");
  expect(shellText("it's")).toBe(String.raw`'it'\''s'`);
  expect(shellText("/é")).toBe("'/é'");
  expect(shellWord("a\nb\\\xff'" as Bytes)).toBe(String.raw`$'a\nb\\\xff\''`);
});

test("whatever the bytes of a name, bash takes the word for exactly them", () => {
  const names = fc.sample(
    fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => bytesOf(bytes.map((byte) => (byte === 0 ? 1 : byte)))),
    { numRuns: 300, seed: 7 },
  );
  // Escapes that reach into what follows would show here.
  const words = [...names, ..."'\"\\$`!~*?[]{}<>|&;()# \t\n\r01ab".split("").map((name) => `${name}1f` as Bytes), "\x01f" as Bytes];
  const printed = execFileSync("bash", ["-c", `printf '%s\\0' ${words.map(shellWord).join(" ")}`], { encoding: "latin1" });
  expect(printed.split("\0").slice(0, -1)).toEqual(words);
});
