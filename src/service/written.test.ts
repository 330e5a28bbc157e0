import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { identityOf, ownIdentity, writeIdentity } from "../kernel/process-identity.ts";
import { CHILD_VARIABLE, markChildren, readMark } from "./children-mark.ts";
import { lastLines, shortenFile, sizeOf } from "./last-lines.ts";
import { ENDINGS_MAX, readRecord, writeRecord } from "./record.ts";
import { lookAround } from "./standing.ts";
import { statusLine } from "./status-line.ts";
import { keptEnvironment, readWanted, writeWanted } from "./wanted.ts";

let place = "";
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "hotdir-service-"));
});
afterAll(() => rmSync(place, { recursive: true }));

test("what is wanted is read as it was written; a damaged file is as none", () => {
  const wanted = { wanted: true, config: "/c.yaml", logLevel: null, environment: { HOME: "/h" }, since: "now" };
  expect(readWanted(place)).toBe(null);
  writeWanted(place, wanted);
  expect(readWanted(place)).toEqual(wanted);
  writeFileSync(join(place, "wanted.json"), '{"wanted": tr');
  expect(readWanted(place)).toBe(null);
});

test("of an environment only what finds programs, agents and tickets is kept", () => {
  expect(keptEnvironment({ HOME: "/h", SSH_AUTH_SOCK: "/s", API_TOKEN: "x", AWS_SECRET_ACCESS_KEY: "y" })).toEqual({
    HOME: "/h",
    SSH_AUTH_SOCK: "/s",
  });
});

test("the record keeps the newest endings, and a damaged one is as none", () => {
  const ending = (livedMs: number): object => ({ at: "t", livedMs, reason: "r", status: null, signal: null, lastWords: [] });
  const record = { supervisor: ownIdentity(), since: "s", state: "running" as const, daemon: null, nextStart: null };
  writeRecord(place, { ...record, endings: Array.from({ length: 50 }, (_, at) => ending(at)) as never });
  expect(readRecord(place)?.endings.map(({ livedMs }) => livedMs)).toEqual(
    Array.from({ length: ENDINGS_MAX }, (_, at) => at + 50 - ENDINGS_MAX),
  );
  writeFileSync(join(place, "supervisor.json"), "{}");
  expect(readRecord(place)).toBe(null);
});

test("a daemon of the supervisor is known in its last instants, when it has no environment any more", () => {
  const process = spawn("sleep", ["600"], { env: {}, stdio: "ignore" });
  try {
    const daemon = identityOf(process.pid ?? 0);
    writeFileSync(join(place, "owner.lock"), `${daemon === null ? "" : writeIdentity(daemon)}\n`);
    const record = { supervisor: ownIdentity(), since: "s", state: "stopping" as const, nextStart: null, endings: [] };
    writeRecord(place, { ...record, daemon: null });
    expect(lookAround(place).owner?.keeper).toBe("person");
    writeRecord(place, { ...record, daemon });
    expect(lookAround(place).owner?.keeper).toBe("supervisor");
  } finally {
    process.kill("SIGKILL");
  }
});

test("a mark names daemon and directory, by whichever link that was called", () => {
  const link = `${place}-link \n x`;
  symlinkSync(place, link);
  try {
    const env: Record<string, string | undefined> = {};
    markChildren(env, link);
    expect(readMark(env[CHILD_VARIABLE] ?? "")).toEqual({ daemon: ownIdentity(), stateDirectory: place });
  } finally {
    rmSync(link);
  }
  for (const text of ["", "1 2 b", "1 2 b relative", "x y z /d"]) expect(readMark(text)).toBe(null);
});

test("the last lines are those since the start, also after the file was shortened", () => {
  const file = join(place, "log");
  expect([lastLines(file, 0, 3), sizeOf(file)]).toEqual([[], 0]);
  writeFileSync(file, "before\n");
  const from = sizeOf(file);
  appendFileSync(file, `a\n\n${"long ".repeat(200)}\nb\n`);
  expect(lastLines(file, from, 10).map((line) => line.length)).toEqual([1, 401, 1]);
  expect(lastLines(file, from, 1)).toEqual(["b"]);
  shortenFile(file, 100, 5);
  expect(lastLines(file, from, 10)).toEqual(["b"]);
  shortenFile(file, 100, 5);
  expect(sizeOf(file)).toBe(2);
});

test("the status line names first what a person must look at", () => {
  const flow = (
    name: string,
    state: "running" | "waiting" | "halted",
    reason: string | null,
    activeCount = 0,
  ): Parameters<typeof statusLine>[0][number] => ({
    name,
    state,
    reason,
    activeCount,
  });
  expect(statusLine([])).toBe("no flow runs");
  expect(statusLine([flow("a", "running", null, 2), flow("b", "waiting", "no route"), flow("c", "halted", "emptied")])).toBe(
    "c halted (emptied); b waiting (no route); a running, sending",
  );
  expect(statusLine(Array.from({ length: 20 }, (_, at) => flow(`f${at}`, at < 9 ? "waiting" : "running", null)))).toMatch(
    /; 3 more not running; 11 flows running$/,
  );
});
