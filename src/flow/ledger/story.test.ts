import { expect, test } from "vitest";
import type { AbsPath, RelPath } from "../../kernel/path.ts";
import { makeTemporary } from "../../../test/support/temporary.ts";
import type { Change } from "../transfer.ts";
import { recordDead, recordIgnored, recordQueued } from "./admissions.ts";
import { type Database, openForWriting } from "./database.ts";
import { deadLetters, deadLettersAt } from "./dead-letters.ts";
import { registerFlow } from "./flows.ts";
import { queuePlace } from "./queue-place.ts";
import { storyOf } from "./story.ts";

const at = (ms: number): { wall: number; steady: number } => ({ wall: ms, steady: ms });
const put = (path: string, sizeBytes = 1): Change => ({
  kind: "put",
  path: path as RelPath,
  version: { inode: "1:1", sizeBytes, mtimeNs: 1n },
  mode: 0o644,
  links: 1,
});

async function withLedger(work: (db: Database, flow: number) => void): Promise<void> {
  await using place = await makeTemporary();
  using db = openForWriting(place.path);
  work(db, registerFlow(db, { name: "hot", root: "/src" as AbsPath, destination: "file:/dst" }));
}

test("a story holds all transfers of a path, oldest first, and none of another path", async () => {
  await withLedger((db, flow) => {
    const first = recordIgnored(db, flow, put("a"), 1, "reject: a");
    recordQueued(db, flow, put("a2"), at(2));
    const second = recordQueued(db, flow, put("a", 7), at(3));
    const { transfers, leftOut } = storyOf(db, flow, "a" as RelPath);
    expect(leftOut).toBe(0);
    expect(transfers).toMatchObject([
      { id: first, state: "ignored", reason: "reject: a", seenAtMs: 1, dueAt: null },
      { id: second, state: "queued", seenAtMs: 3, dueAt: 3, version: { sizeBytes: 7 } },
    ]);
    expect(storyOf(db, flow, "b" as RelPath)).toEqual({ transfers: [], leftOut: 0 });
  });
});

test("renames tell where a path came from and went to, also with its directory", async () => {
  await withLedger((db, flow) => {
    const move = (from: string, to: string, directory: boolean): number =>
      recordQueued(db, flow, { kind: "rename", from: from as RelPath, path: to as RelPath, directory, version: null, mode: 0o644 }, at(1));
    const file = move("a", "b", false);
    const directory = move("run", "run7", true);
    const ids = (path: string): number[] => storyOf(db, flow, path as RelPath).transfers.map((transfer) => transfer.id);
    expect(ids("a")).toEqual([file]);
    expect(ids("b")).toEqual([file]);
    expect(ids("run/x/y")).toEqual([directory]);
    expect(ids("run7/x")).toEqual([directory]);
    expect(ids("run70/x")).toEqual([]);
  });
});

test("of a path with very many transfers the newest are told, and how many are not", async () => {
  await withLedger((db, flow) => {
    for (let number = 0; number < 60; number++) recordIgnored(db, flow, put("a"), number, "again");
    const { transfers, leftOut } = storyOf(db, flow, "a" as RelPath);
    expect([transfers.length, transfers.at(-1)?.seenAtMs]).toEqual([50, 59]);
    expect(leftOut).toBeGreaterThan(0);
  });
});

test("the place in the queue counts those that are due earlier, of the same class only", async () => {
  await withLedger((db, flow) => {
    const ids = [5, 6, 6, 7].map((due) => recordQueued(db, flow, put(`f${due}${Math.random()}`), at(due)));
    recordQueued(db, flow, put("large", 2 ** 30), at(1));
    const place = (index: number, dueAt: number): object => queuePlace(db, flow, { id: ids[index]!, dueAt, bulk: false });
    expect(place(0, 5)).toEqual({ ahead: 0, atLeast: false, oldestSeenAtMs: null });
    expect(place(2, 6)).toEqual({ ahead: 2, atLeast: false, oldestSeenAtMs: 5 });
    expect(place(3, 7)).toMatchObject({ ahead: 3 });
  });
});

test("dead letters are listed oldest first, and found by their path", async () => {
  await withLedger((db, flow) => {
    const first = recordDead(db, flow, put("b"), 1, "source-unreadable", "no right to read");
    const second = recordDead(db, flow, put("a"), 2, "name-refused", "too long");
    const named = { id: flow, name: "hot" };
    expect([...deadLetters(db, named)].map((letter) => letter.id)).toEqual([first, second]);
    expect(deadLettersAt(db, named, "a" as RelPath)).toMatchObject([
      { id: second, flow: "hot", code: "name-refused", reason: "too long", deadAtMs: 2 },
    ]);
    expect(deadLettersAt(db, named, "c" as RelPath)).toEqual([]);
  });
});
