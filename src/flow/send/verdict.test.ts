import { describe, expect, test } from "vitest";
import { type ErrorCode, errorCodes } from "../../kernel/error-codes.ts";
import { HotdirError } from "../../kernel/errors.ts";
import { verdict } from "./verdict.ts";

const retry = { attemptsMax: 3, backoff: { minMs: 2000, maxMs: 600_000 } };

function judged(code: ErrorCode, changes: Partial<Parameters<typeof verdict>[1]> = {}): ReturnType<typeof verdict> {
  return verdict(new HotdirError(code, { operation: "test" }), {
    failures: 0,
    attempts: 1,
    litter: true,
    othersGotThrough: false,
    retry,
    now: 1000,
    random: () => 0.5,
    ...changes,
  });
}

const codes = Object.keys(errorCodes) as ErrorCode[];
const ofScope = (...scopes: string[]): ErrorCode[] => codes.filter((code) => scopes.includes(errorCodes[code].scope));

test.each(ofScope("connection", "destination", "origin", "daemon"))("%s costs no attempt, however often", (code) => {
  expect(judged(code, { failures: 99 })).toMatchObject({ kind: "hand-back", litter: true });
});

test("an origin that is out of reach is asked again later each time, within minutes", () => {
  expect(judged("origin-unreachable")).toMatchObject({ kind: "hand-back", dueAt: 3000 });
  expect(judged("origin-unreachable", { attempts: 3 })).toMatchObject({ kind: "hand-back", dueAt: 9000 });
  expect(judged("origin-unreachable", { attempts: 99 })).toMatchObject({ kind: "hand-back", dueAt: 121_000 });
});

describe("a fault of the file itself", () => {
  test("backs off, longer each time, and dies at the last attempt", () => {
    expect(judged("permission-denied")).toMatchObject({ kind: "back-off", dueAt: 3000 });
    expect(judged("permission-denied", { failures: 1 })).toMatchObject({ kind: "back-off", dueAt: 5000 });
    expect(judged("permission-denied", { failures: 2 })).toMatchObject({ kind: "give-up" });
  });
  test.each(ofScope("file").filter((code) => errorCodes[code].retry === "never" && code !== "source-gone"))(
    "%s is not tried twice",
    (code) => {
      expect(judged(code)).toMatchObject({ kind: "give-up", error: { code } });
    },
  );
  test("dies at once where one attempt is all", () => {
    expect(judged("digest-mismatch", { retry: { ...retry, attemptsMax: 1 } }).kind).toBe("give-up");
  });
});

test("a file that changed while it was sent is looked at again soon and costs no attempt", () => {
  expect(judged("source-changed", { failures: 99 })).toMatchObject({ kind: "hand-back", dueAt: 1500 });
});

test("a file that is gone is nobody's failure", () => {
  expect(judged("source-gone")).toMatchObject({ kind: "superseded" });
});

test("a file that somebody named, and said to be complete, counts an attempt where it changes or is gone, and may come back", () => {
  for (const code of ["source-changed", "source-gone"] as const) {
    expect(judged(code, { named: true })).toMatchObject({ kind: "back-off", error: { code } });
    expect(judged(code, { named: true, failures: 2 })).toMatchObject({ kind: "give-up", error: { code } });
  }
});

test("a refusal without a reason counts only when other files got through meanwhile", () => {
  expect(judged("refused", { failures: 99 })).toMatchObject({ kind: "hand-back" });
  expect(judged("refused", { othersGotThrough: true })).toMatchObject({ kind: "back-off" });
  expect(judged("refused", { othersGotThrough: true, failures: 2 })).toMatchObject({ kind: "give-up" });
});

test("a refusal without a reason waits all the same, so that it is not asked in a loop", () => {
  const outcome = judged("refused", { failures: 4 });
  expect(outcome.kind === "hand-back" && outcome.dueAt > 1000 + 1500).toBe(true);
});
