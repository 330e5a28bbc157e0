import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { flowSettings, makeLedger, rel, type TestLedger } from "../../../test/support/ledger.ts";
import { makeTemporary, type Temporary } from "../../../test/support/temporary.ts";
import { waitUntil } from "../../../test/support/waiting.ts";
import { systemClock } from "../../kernel/clock.ts";
import { silentLog } from "../../kernel/log.ts";
import { type AbsPath, bytesOfText } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import { recordQueued } from "../ledger/admissions.ts";
import { storyOf, type TransferStory } from "../ledger/story.ts";
import { SourceReader } from "../read/source-reader.ts";
import type { RemovePlace } from "../settings.ts";
import type { TransferId } from "../transfer.ts";
import { RemovePump } from "./remove-pump.ts";

const clock = systemClock();
let ledger: TestLedger;
let place: Temporary;
let reader: SourceReader;
let pump: RemovePump | null;
/** What the message of each transfer told. */
let digests: Map<TransferId, Digest | null>;
let refusals: Array<string | null>;

beforeEach(async () => {
  ledger = await makeLedger();
  place = await makeTemporary();
  mkdirSync(`${place.path}/in`);
  reader = new SourceReader(`${place.path}/in` as AbsPath);
  pump = null;
  digests = new Map();
  refusals = [];
});

afterEach(async () => {
  await pump?.stop(1000);
  await reader[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
});

function start(hold = false): void {
  const directory = bytesOfText(`${place.path}/in`) as AbsPath;
  const to: RemovePlace = { kind: "remove", directory, hold: hold ? (bytesOfText(`${place.path}/held`) as AbsPath) : null };
  const settings = flowSettings({ retry: { attemptsMax: 2, backoff: { minMs: 1, maxMs: 1 } } });
  const { db, flow, run } = ledger;
  const context = {
    settings,
    flow,
    db,
    clock,
    log: silentLog,
    place: to,
    ledger: "abcde",
    reader,
    digestOf: (transfer: TransferId) => digests.get(transfer) ?? null,
    refusal: async () => refusals.shift() ?? null,
  };
  pump = new RemovePump(context, run, {
    originOf: null,
    look: () => undefined,
    ending: (_, outcome) => outcome,
    overtaken: async () => null,
    delivered: () => undefined,
    failed: () => undefined,
    recorded: () => undefined,
    refuseRemoval: () => "nobody asks",
    broken: (error) => {
      throw error;
    },
  });
  pump.start();
}

function file(path: string, content: string): string {
  const full = `${place.path}/in/${path}`;
  mkdirSync(full.slice(0, full.lastIndexOf("/")), { recursive: true });
  writeFileSync(full, content);
  return full;
}

function sha512(content: string): Digest {
  return { algorithm: "sha512", hex: createHash("sha512").update(content).digest("hex") };
}

/** The other machine's own version of the file, which says nothing about this one's. */
function announced(path: string, digest: Digest | null): TransferId {
  const version = { inode: "message", sizeBytes: 3, mtimeNs: 1n };
  const change = { kind: "put", path: rel(path), version, mode: 0o644, links: 1 } as const;
  const id = recordQueued(ledger.db, ledger.flow, change, { wall: clock.wall(), steady: clock.steady() }, false);
  digests.set(id, digest);
  return id;
}

function lastOf(path: string): TransferStory | undefined {
  return storyOf(ledger.db, ledger.flow, rel(path)).transfers.at(-1);
}

async function ended(path: string): Promise<string> {
  const story = await waitUntil(`the end of ${path}`, () => {
    const last = lastOf(path);
    return last !== undefined && ["delivered", "superseded", "dead"].includes(last.state) ? last : null;
  });
  return story.state === "delivered" ? `${story.receipt?.basis} ${story.receipt?.method}` : `${story.state}: ${story.reason}`;
}

/** What waits is due now. */
function hurry(): void {
  ledger.db.run("UPDATE transfer SET due_at = 0 WHERE state = 'queued'");
  pump?.wake();
}

test("a file goes when its bytes are those that were announced, and others stay", async () => {
  file("run/1.nc", "one");
  file("run/2.nc", "newer");
  announced("run/1.nc", sha512("one"));
  announced("run/2.nc", sha512("two"));
  announced("run/3.nc", sha512("not here"));
  start();
  expect(await ended("run/1.nc")).toBe("structure removed");
  expect(await ended("run/2.nc")).toMatch(
    /^superseded: the file stays: it is not what was announced: sha512 [0-9a-f]+ here, [0-9a-f]+ there$/,
  );
  expect(await ended("run/3.nc")).toBe("structure removed");
  expect(readdirSync(`${place.path}/in/run`)).toEqual(["2.nc"]);
  expect(readFileSync(`${place.path}/in/run/2.nc`, "utf8")).toBe("newer");
});

test("nothing goes by its name alone, and nothing that is no file", async () => {
  file("1.nc", "one");
  writeFileSync(`${place.path}/outside`, "one");
  symlinkSync(`${place.path}/outside`, `${place.path}/in/link`);
  symlinkSync(place.path, `${place.path}/in/way`);
  announced("1.nc", null);
  announced("link", sha512("one"));
  announced("way/outside", sha512("one"));
  start();
  expect(await ended("1.nc")).toBe("superseded: the file stays: its message tells no digest, so that nothing can be compared");
  expect(await ended("link")).toBe("superseded: the file stays: what has its name here is no file");
  expect(await ended("way/outside")).toMatch(/^dead: .*symbolic link/);
  expect(readFileSync(`${place.path}/outside`, "utf8")).toBe("one");
  expect(readdirSync(`${place.path}/in`).toSorted()).toEqual(["1.nc", "link", "way"]);
});

test("a file that another flow has still to deliver, or that somebody writes, waits", async () => {
  const path = file("1.nc", "one");
  file("2.nc", "two");
  refusals = ["not yet delivered by up", null];
  const open = openSync(`${place.path}/in/2.nc`, "a");
  announced("1.nc", sha512("one"));
  start();
  const waits = (name: string): Promise<string> => waitUntil(`why ${name} waits`, () => lastOf(name)?.reason);
  expect(await waits("1.nc")).toBe("not removed yet: not yet delivered by up");
  announced("2.nc", sha512("two"));
  pump?.wake();
  expect(await waits("2.nc")).toBe("not removed yet: somebody has it open for writing, or it has just changed");
  expect([existsSync(path), existsSync(`${place.path}/in/2.nc`)]).toEqual([true, true]);
  closeSync(open);
  hurry();
  expect([await ended("1.nc"), await ended("2.nc")]).toEqual(["structure removed", "structure removed"]);
  expect(readdirSync(`${place.path}/in`)).toEqual([]);
});

test("what a kill interrupted is taken up, by the transfer that had begun it and by no other", async () => {
  const path = file("1.nc", "one");
  const id = announced("1.nc", sha512("one"));
  renameSync(path, `${place.path}/in/.hotdir-${id.toString(36)}-abcde.removing`);
  // Another host's, in a ledger that has the same number.
  const others = file(`.hotdir-${id.toString(36)}-12345.removing`, "another");
  start();
  expect(await ended("1.nc")).toBe("structure removed");
  expect(readdirSync(`${place.path}/in`)).toEqual([others.split("/").at(-1)]);
});

test("what was changed under our hands is put back", async () => {
  const path = file("1.nc", "another");
  const id = announced("1.nc", sha512("one"));
  renameSync(path, `${place.path}/in/.hotdir-${id.toString(36)}-abcde.removing`);
  start();
  await waitUntil("the file under its own name", () => existsSync(path) && lastOf("1.nc")?.state === "queued");
  hurry();
  expect(await ended("1.nc")).toMatch(/^superseded: the file stays: it is not what was announced/);
  expect(readFileSync(path, "utf8")).toBe("another");
  expect(lstatSync(path).nlink).toBe(1);
});

test("with a holding area a file is moved there, once", async () => {
  file("run/1.nc", "one");
  announced("run/1.nc", sha512("one"));
  start(true);
  expect(await ended("run/1.nc")).toBe("structure removed");
  expect(readFileSync(`${place.path}/held/run/1.nc`, "utf8")).toBe("one");
  expect(existsSync(`${place.path}/in/run/1.nc`)).toBe(false);
});

test("while the directory is away nothing is told of any file", async () => {
  file("1.nc", "one");
  renameSync(`${place.path}/in`, `${place.path}/elsewhere`);
  announced("1.nc", sha512("one"));
  start();
  expect(await waitUntil("its trouble", () => (lastOf("1.nc")?.state === "queued" ? pump!.away : null))).toMatch(/ENOENT/);
  renameSync(`${place.path}/elsewhere`, `${place.path}/in`);
  hurry();
  expect(await ended("1.nc")).toBe("structure removed");
  expect(pump!.away).toBe(null);
  expect(readdirSync(`${place.path}/in`)).toEqual([]);
});
