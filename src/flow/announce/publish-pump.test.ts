import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { publishSettings } from "../../../test/support/bus-settings.ts";
import { flowSettings, makeLedger, rel, type TestLedger } from "../../../test/support/ledger.ts";
import { makeTemporary, type Temporary } from "../../../test/support/temporary.ts";
import { TestAnnouncer } from "../../../test/support/test-announcer.ts";
import { waitUntil } from "../../../test/support/waiting.ts";
import { systemClock } from "../../kernel/clock.ts";
import { silentLog } from "../../kernel/log.ts";
import { type AbsPath, bytesOfText, type RelPath } from "../../kernel/path.ts";
import { recordQueued } from "../ledger/admissions.ts";
import { storyOf } from "../ledger/story.ts";
import { tallyOf } from "../ledger/flows.ts";
import { SourceReader } from "../read/source-reader.ts";
import type { FlowSettings, PublishSettings } from "../settings.ts";
import type { Change, TransferId } from "../transfer.ts";
import { versionOf } from "../version.ts";
import { PublishPump } from "./publish-pump.ts";
import { Teller } from "./teller.ts";

const clock = systemClock();
let ledger: TestLedger;
let source: Temporary;
let reader: SourceReader;
let announcer: TestAnnouncer;
let looked: RelPath[];
let refusal: string | null;
let pump: PublishPump | null;

beforeEach(async () => {
  ledger = await makeLedger();
  source = await makeTemporary();
  reader = new SourceReader(source.path as AbsPath);
  announcer = new TestAnnouncer();
  looked = [];
  refusal = null;
  pump = null;
});

afterEach(async () => {
  await pump?.stop(1000);
  await reader[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
});

function start(
  publish: Partial<PublishSettings> = {},
  destination: Partial<FlowSettings["destination"]> = {},
  heardBefore = true,
): PublishPump {
  const place = { kind: "publish", publish: publishSettings({ baseUrl: "file:/lab", ...publish }) } as const;
  const settings = flowSettings({
    source: { root: bytesOfText(source.path) as AbsPath },
    destination: { ...flowSettings().destination, place, verify: "sha512", ...destination },
    retry: { attemptsMax: 2, backoff: { minMs: 1, maxMs: 1 } },
  });
  const { db, flow, run } = ledger;
  const wake = (): void => pump?.wake();
  const teller = new Teller({ announcer, publish: place.publish, clock, log: silentLog, heardBefore, changed: wake });
  pump = new PublishPump({ settings, publish: place.publish, teller, flow, db, reader, clock, log: silentLog }, run, {
    originOf: null,
    look: (paths) => looked.push(...paths),
    delivered: () => undefined,
    failed: () => undefined,
    recorded: () => undefined,
    refuseRemoval: () => {
      if (refusal !== null) pump?.pause();
      return refusal;
    },
    broken: (error) => {
      throw error;
    },
  });
  pump.start();
  return pump;
}

function file(path: string, content: string | Buffer): Change & { kind: "put" } {
  const full = `${source.path}/${path}`;
  mkdirSync(full.slice(0, full.lastIndexOf("/")), { recursive: true });
  writeFileSync(full, content);
  return { kind: "put", path: rel(path), version: versionOf(lstatSync(full, { bigint: true })), mode: 0o644, links: 1 };
}

function queue(...changes: Change[]): TransferId[] {
  const ids = changes.map((change) => recordQueued(ledger.db, ledger.flow, change, { wall: clock.wall(), steady: clock.steady() }));
  pump?.wake();
  return ids;
}

const tally = (): ReturnType<typeof tallyOf> => tallyOf(ledger.db, ledger.flow);
const quiet = async (): Promise<void> =>
  void (await waitUntil("nothing is queued", () => tally().queued + tally().sending === 0 && pump?.underWay === 0, { everyMs: 5 }));
const sha512 = (content: string | Buffer): string => createHash("sha512").update(content).digest("hex");
const receiptOf = (path: string): unknown => storyOf(ledger.db, ledger.flow, rel(path)).transfers.at(-1)!.receipt;

test("each change is one message, with the digest of its file, and its receipt says that the broker has it", async () => {
  const large = Buffer.alloc(3 * 2 ** 20, "x");
  queue(
    file("d/small", "hello"),
    file("large", large),
    { kind: "mkdir", path: rel("e"), mode: 0o755 },
    { kind: "delete", path: rel("old") },
  );
  start();
  await quiet();
  const digests = Object.fromEntries(announcer.published.map(({ change, digest }) => [change.path, digest?.hex ?? null]));
  expect(digests).toEqual({ "d/small": sha512("hello"), large: sha512(large), e: null, old: null });
  expect(announcer.published.map(({ content }) => content)).toEqual([null, null, null, null]);
  expect(receiptOf("d/small")).toEqual({ basis: "confirmed", digest: null, durable: false, method: "published" });
  expect(tally()).toMatchObject({ seen: 4, delivered: 4 });
});

test("small files travel in the message where that is asked for", async () => {
  queue(file("a", "0123456789"), file("b", "0123456789x"), file("empty", ""));
  start({ inlineMaxBytes: 10 });
  await quiet();
  const contents = Object.fromEntries(announcer.published.map(({ change, content }) => [change.path, content?.toString() ?? null]));
  expect(contents).toEqual({ a: "0123456789", b: null, empty: "" });
});

test("without verification no file is read", async () => {
  const change = file("a", "hello");
  rmSync(`${source.path}/a`);
  queue(change);
  start({}, { verify: "none" });
  await quiet();
  expect(announcer.published).toMatchObject([{ change: { path: "a" }, digest: null }]);
});

test("a file that changed meanwhile is looked at again and not told of; one that is gone is superseded", async () => {
  queue(file("changed", "one"), file("gone", "one"));
  writeFileSync(`${source.path}/changed`, "another");
  rmSync(`${source.path}/gone`);
  start();
  await waitUntil("both were looked at", () => looked.length >= 2 && tally().superseded === 1 && tally().sending === 0);
  expect(looked.toSorted()).toEqual(["changed", "gone"]);
  expect(announcer.published).toEqual([]);
  expect(tally()).toMatchObject({ queued: 1, superseded: 1, dead: 0 });
});

test("a rename is told also where the new name has another file by now, then without a digest", async () => {
  const { version } = file("b", "hello");
  const rename = { kind: "rename", path: rel("b"), from: rel("a"), directory: false, version, mode: 0o644 } as const;
  queue(rename);
  start();
  await quiet();
  writeFileSync(`${source.path}/b`, "another");
  queue(rename);
  await quiet();
  expect(announcer.published.map(({ change, digest }) => [change.kind, digest?.hex ?? null])).toEqual([
    ["rename", sha512("hello")],
    ["rename", null],
  ]);
});

test("nothing is claimed while the broker is away, and what it may have is told again under the same identity", async () => {
  const [id] = queue({ kind: "delete", path: rel("a") });
  announcer.answer = () => {
    announcer.becomes({ state: "waiting", reason: "connection reset", untilMs: 0 });
    return { outcome: "unknown", detail: "the connection ended" };
  };
  start();
  await waitUntil("it waits", () => announcer.published.length === 1 && tally().queued === 1);
  queue({ kind: "delete", path: rel("b") });
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(tally()).toMatchObject({ queued: 2, sending: 0 });
  announcer.answer = () => ({ outcome: "confirmed" });
  announcer.becomes({ state: "ready" });
  await quiet();
  expect(announcer.paths).toEqual(["a", "a", "b"]);
  expect(announcer.published[1]!.pubTimeNs).toBe(announcer.published[0]!.pubTimeNs);
  expect(storyOf(ledger.db, ledger.flow, rel("a")).transfers.map((transfer) => [transfer.id, transfer.failures])).toEqual([[id, 0]]);
});

test("a message that the broker refuses counts, and is a dead letter after the last attempt; others go on", async () => {
  announcer.answer = ({ change }) => (change.path === "bad" ? { outcome: "refused", detail: "too large" } : { outcome: "confirmed" });
  queue({ kind: "delete", path: rel("bad") }, { kind: "delete", path: rel("good") });
  start();
  await quiet();
  expect(tally()).toMatchObject({ delivered: 1, dead: 1 });
  const [dead] = storyOf(ledger.db, ledger.flow, rel("bad")).transfers;
  expect([dead!.code, dead!.failures]).toEqual(["broker-refused", 2]);
  expect(dead!.reason).toBe("publish bad: the broker refuses this message (too large)");
});

test("until anybody has got a message of the flow, what nobody would get waits, and the first who listens gets it", async () => {
  announcer.answer = () => ({ outcome: "unrouted" });
  queue({ kind: "delete", path: rel("a") });
  start({}, {}, false);
  await waitUntil("it was asked for", () => announcer.published.length > 0);
  await waitUntil("it waits", () => tally().queued === 1);
  announcer.answer = () => ({ outcome: "confirmed" });
  await waitUntil("it is told", () => (pump?.wake(), tally().delivered === 1));
  expect(receiptOf("a")).toMatchObject({ basis: "confirmed" });
});

test("where nobody listens any more it counts as told, and its receipt does not say that the broker has it", async () => {
  announcer.answer = () => ({ outcome: "unrouted" });
  queue({ kind: "delete", path: rel("a") });
  start();
  await quiet();
  expect(receiptOf("a")).toEqual({ basis: "none", digest: null, durable: false, method: "published" });
});

test("of one path one message is under way at a time, in order, and many of different paths are", async () => {
  const open: Array<() => void> = [];
  announcer.answer = () => new Promise((resolve) => open.push(() => resolve({ outcome: "confirmed" })));
  queue({ kind: "mkdir", path: rel("a"), mode: 1 }, { kind: "rmdir", path: rel("a") }, { kind: "mkdir", path: rel("a"), mode: 2 });
  queue(...Array.from({ length: 50 }, (_, index): Change => ({ kind: "mkdir", path: rel(`b${index}`), mode: 1 })));
  start();
  const release = (): void => open.splice(0).forEach((go) => go());
  await waitUntil("many are under way", () => announcer.underWay === 51);
  expect(announcer.paths.filter((path) => path === "a")).toHaveLength(1);
  await waitUntil("all are told", () => (release(), tally().delivered === 53), { everyMs: 5 });
  expect(announcer.published.filter(({ change }) => change.path === "a").map(({ change }) => change.kind)).toEqual([
    "mkdir",
    "rmdir",
    "mkdir",
  ]);
});

test("removals wait while a person must look first", async () => {
  refusal = "the source is empty";
  queue({ kind: "delete", path: rel("a") });
  start();
  await waitUntil("it was refused", () => storyOf(ledger.db, ledger.flow, rel("a")).transfers[0]!.tries.length > 0);
  expect(announcer.published).toEqual([]);
  expect(tally()).toMatchObject({ queued: 1 });
});

test("what is with a silent broker when the flow stops is handed back, uncounted", async () => {
  announcer.answer = () => new Promise(() => undefined);
  queue({ kind: "delete", path: rel("a") });
  const running = start();
  await waitUntil("it is under way", () => announcer.underWay === 1);
  await running.stop(50);
  expect(tally()).toMatchObject({ queued: 1, sending: 0 });
  expect(storyOf(ledger.db, ledger.flow, rel("a")).transfers[0]!.failures).toBe(0);
});
