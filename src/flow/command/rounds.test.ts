import { expect, test } from "vitest";
import { put } from "../../../test/support/ledger.ts";
import type { AbsPath } from "../../kernel/path.ts";
import type { ClaimedPut } from "../send/context.ts";
import { intoRounds } from "./rounds.ts";

let id = 0;
function claimed(path: string, file: string | null = null): ClaimedPut {
  const named = file === null ? null : { path: file as AbsPath, digest: null };
  return {
    id: ++id,
    change: put(path),
    fence: { run: 1, attempt: 1 },
    failures: 0,
    adopt: false,
    bulk: false,
    seenAtMs: 0,
    partial: null,
    origin: null,
    file: named,
  };
}
const pathsOf = (rounds: ClaimedPut[][]): string[][] => rounds.map((puts) => puts.map(({ change }) => change.path));

test("files of one directory go together, so many at most, in their order", () => {
  const puts = ["a/1", "b/1", "a/2", "c", "a/3", "a/4", "d"].map((path) => claimed(path));
  expect(pathsOf(intoRounds(puts, 3))).toEqual([["a/1", "a/2", "a/3"], ["b/1"], ["c", "d"], ["a/4"]]);
});

test("two files that would land under one name do not go together", () => {
  const puts = [claimed("a/1", "/x/same"), claimed("a/2", "/y/same"), claimed("a/3", "/y/other")];
  expect(pathsOf(intoRounds(puts, 10))).toEqual([["a/1"], ["a/2", "a/3"]]);
});

test("names of any length fit their commands", () => {
  const puts = Array.from({ length: 20 }, (_, at) => claimed(`${"d".repeat(250)}/${"d".repeat(250)}/${"n".repeat(200)}${at}`));
  const rounds = intoRounds(puts, 100);
  expect(rounds.flat()).toHaveLength(20);
  expect(Math.max(...rounds.map(({ length }) => length))).toBeLessThan(13);
});
