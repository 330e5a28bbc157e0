import { expect, test } from "vitest";
import type { AbsPath } from "../../kernel/path.ts";
import { type Batch, type BatchEnd, runBatch } from "./run-batch.ts";

const batch = (script: string, changes: Partial<Batch> = {}): Batch => ({
  command: ["sh", "-c", script, "ingest"],
  paths: ["/d/a", "/d/b"] as AbsPath[],
  env: { HOTDIR_INGEST_FILES: "2" },
  silenceMs: 20_000,
  said: () => undefined,
  ...changes,
});
const never = new AbortController().signal;
const failureOf = (end: BatchEnd): string | null | undefined => (end.kind === "ended" ? end.failure : undefined);

test("the command gets the files as arguments and on its standard input, and its environment says how many", async () => {
  const lines: string[] = [];
  const end = await runBatch(batch('echo "$HOTDIR_INGEST_FILES $*"; tr "\\0" " "', { said: (line) => void lines.push(line) }), never);
  expect(failureOf(end)).toBeNull();
  expect(lines).toEqual(["2 /d/a /d/b", "/d/a /d/b "]);
});

test("its last words on standard error are why it failed, and else those on standard output", async () => {
  expect(failureOf(await runBatch(batch("echo on >&2; echo why >&2; echo out; exit 7"), never))).toBe("exit 7: why");
  expect(failureOf(await runBatch(batch("echo out; exit 7"), never))).toBe("exit 7: out");
  expect(failureOf(await runBatch(batch("kill -9 $$"), never))).toBe("SIGKILL");
});

test("a command that is not there is not started, also where xargs would start it", async () => {
  expect(await runBatch(batch("", { command: ["/no/such/program"] }), never)).toMatchObject({ kind: "not-started" });
  const odd = { command: ["/no/such/program"], paths: ["/d/\u00ff"] as AbsPath[] };
  expect(await runBatch(batch("", odd), never)).toMatchObject({ kind: "not-started", detail: expect.stringContaining("/no/such/program") });
});

test("what keeps it from being started at all is told, and thrown at nobody", async () => {
  const huge = batch("", { command: ["true", "x".repeat(300_000)] });
  expect(await runBatch(huge, never)).toMatchObject({ kind: "not-started", detail: expect.stringContaining("E2BIG") });
});

test("one that says nothing is ended, one that goes on saying something is not", async () => {
  expect(failureOf(await runBatch(batch("trap '' TERM; sleep 60 & wait; sleep 60", { silenceMs: 200 }), never))).toMatch(
    /^it said nothing for/,
  );
  const busy = batch("for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done", { silenceMs: 400 });
  expect(failureOf(await runBatch(busy, never))).toBeNull();
});

test("one that leaves a child behind with its output open is not waited for", async () => {
  const began = performance.now();
  expect(failureOf(await runBatch(batch("sleep 30 & exit 0"), never))).toBeNull();
  expect(performance.now() - began).toBeLessThan(10_000);
});

test("what it had reported before it was stopped stands", async () => {
  const stop = new AbortController();
  const end = await runBatch(batch('echo \'{"file": 1, "status": "success"}\'; sleep 60', { said: () => stop.abort() }), stop.signal);
  expect(end).toMatchObject({ kind: "interrupted" });
  expect(end.kind === "interrupted" ? [end.reports.of(0)?.status, end.reports.of(1)] : null).toEqual(["success", null]);
});

test("a command that reads nothing of its standard input ends as it likes", async () => {
  const paths = Array.from({ length: 500 }, (_, at) => `/${"d".repeat(500)}/${at}` as AbsPath);
  expect(failureOf(await runBatch(batch("exit 0", { paths }), never))).toBeNull();
});

test("a report with a long message is read, and of one that is too long only the beginning is kept, as a doubt", async () => {
  const line = (characters: number): string =>
    `printf '{"file": 1, "status": "failure", "message": "'; head -c ${characters} /dev/zero | tr '\\0' x; printf '"}\\n{"file": 2, "status": "success"}\\n'`;
  const read = await runBatch(batch(line(500_000)), never);
  expect(read.kind === "ended" ? [read.reports.of(0)?.status, read.reports.of(1)?.status, read.reports.doubt] : null).toEqual([
    "failure",
    "success",
    null,
  ]);
  const cut = await runBatch(batch(line(3_000_000)), never);
  expect(cut.kind === "ended" ? [cut.reports.of(0), cut.reports.of(1)?.status, cut.reports.doubt?.slice(0, 10)] : null).toEqual([
    null,
    "success",
    '{"file": 1',
  ]);
});
