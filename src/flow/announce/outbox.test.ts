import { mkdirSync, writeFileSync, lstatSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { publishSettings } from "../../../test/support/bus-settings.ts";
import { flowSettings, makeLedger, put, rel, type TestLedger } from "../../../test/support/ledger.ts";
import { makeTemporary, type Temporary } from "../../../test/support/temporary.ts";
import { TestAnnouncer } from "../../../test/support/test-announcer.ts";
import { waitUntil } from "../../../test/support/waiting.ts";
import { systemClock } from "../../kernel/clock.ts";
import { silentLog } from "../../kernel/log.ts";
import { type AbsPath, bytesOfText } from "../../kernel/path.ts";
import { recordQueued } from "../ledger/admissions.ts";
import { countOwed } from "../ledger/announcements.ts";
import { claim } from "../ledger/claims.ts";
import { EndedAttempts } from "../send/ended-attempts.ts";
import type { PublishSettings } from "../settings.ts";
import type { Change } from "../transfer.ts";
import { versionOf } from "../version.ts";
import { Outbox } from "./outbox.ts";
import { Teller } from "./teller.ts";
import { ToldContent } from "./told-content.ts";

const clock = systemClock();
let ledger: TestLedger;
let source: Temporary;
let announcer: TestAnnouncer;
let outbox: Outbox | null;

beforeEach(async () => {
  ledger = await makeLedger();
  source = await makeTemporary();
  announcer = new TestAnnouncer();
  outbox = null;
});

afterEach(async () => {
  await outbox?.[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
});

function settingsWith(changes: Partial<PublishSettings> = {}): ReturnType<typeof flowSettings> {
  const announce = publishSettings({ baseUrl: "sftp://hub/in", ...changes });
  return flowSettings({ source: { root: bytesOfText(source.path) as AbsPath }, announce });
}

function start(changes: Partial<PublishSettings> = {}): Outbox {
  const settings = settingsWith(changes);
  const publish = settings.announce!;
  const teller = new Teller({ announcer, publish, clock, log: silentLog, heardBefore: true, changed: () => outbox?.wake() });
  const content = new ToldContent(settings.source, publish.inlineMaxBytes);
  outbox = new Outbox({
    settings,
    publish,
    db: ledger.db,
    flows: [ledger.flow],
    teller,
    content,
    clock,
    log: silentLog,
    changed: () => undefined,
    told: () => undefined,
    broken: (error) => {
      throw error;
    },
  });
  outbox.wake();
  return outbox;
}

/** Each is delivered, as the pumps do it. */
function deliver(...changes: Change[]): void {
  const { db, flow, run } = ledger;
  const ended = new EndedAttempts(
    { db, flow, clock, log: silentLog, settings: settingsWith() },
    () => undefined,
    () => undefined,
  );
  for (const change of changes) {
    recordQueued(db, flow, change, { wall: clock.wall(), steady: clock.steady() });
    const [transfer] = claim(db, { flow, run, bulk: false, limit: 1, now: clock.steady() + 1, busy: () => false });
    const receipt = { proof: { basis: "size" }, durable: false } as const;
    ended.add(
      { transfer: transfer!, outcome: { kind: "delivered", receipt, method: "sent", retain: { kind: "keep" } }, startedAtMs: 0, bytes: 0 },
      true,
    );
    ended.flush();
  }
  outbox?.wake();
}

const nothingOwed = async (): Promise<void> =>
  void (await waitUntil("all is told", () => countOwed(ledger.db, ledger.flow) === 0, { everyMs: 5 }));

test("every delivery is told of, at its place, and not owed any more", async () => {
  start();
  deliver(put("d/a"), { kind: "mkdir", path: rel("e"), mode: 0o755 }, { kind: "delete", path: rel("d/a") });
  await nothingOwed();
  expect(announcer.published.map(({ change, baseUrl }) => [change.kind, change.path, baseUrl])).toEqual([
    ["put", "d/a", "sftp://hub/in"],
    ["mkdir", "e", "sftp://hub/in"],
    ["delete", "d/a", "sftp://hub/in"],
  ]);
});

test("what was owed before the start is told, more than fit one window", async () => {
  deliver(...Array.from({ length: 1300 }, (_, index) => put(`f${index}`, index + 1)));
  expect(countOwed(ledger.db, ledger.flow)).toBe(1300);
  start();
  await nothingOwed();
  expect(new Set(announcer.paths).size).toBe(1300);
  expect(announcer.mostUnderWay).toBeGreaterThan(100);
});

test("while the broker is away it stays owed, and is told when that is back, under the same identity", async () => {
  announcer.answer = () => {
    announcer.becomes({ state: "waiting", reason: "connection reset", untilMs: 0 });
    return { outcome: "unknown", detail: "the connection ended" };
  };
  const running = start();
  deliver(put("a"));
  await waitUntil("it was tried", () => announcer.published.length === 1);
  deliver(put("b"));
  expect(running.owed).toBe(2);
  expect(running.teller.trouble).toContain("connection reset");
  announcer.answer = () => ({ outcome: "confirmed" });
  announcer.becomes({ state: "ready" });
  await nothingOwed();
  expect(announcer.paths).toEqual(["a", "a", "b"]);
  expect(announcer.published[1]).toEqual(announcer.published[0]);
});

test("one that the broker refuses stays owed and holds up only what concerns it", async () => {
  let refuses = true;
  announcer.answer = ({ change }) => (refuses && change.path === "a" ? { outcome: "refused", detail: "no" } : { outcome: "confirmed" });
  const running = start();
  deliver(put("a", 1), put("a", 2), put("b"));
  await waitUntil("the other is told", () => running.owed === 2, { everyMs: 5 });
  expect(announcer.paths).toEqual(["a", "b"]);
  refuses = false;
  await nothingOwed();
  expect(announcer.paths).toEqual(["a", "b", "a", "a"]);
});

test("where nobody listens nothing stays owed", async () => {
  announcer.answer = () => ({ outcome: "unrouted" });
  const running = start();
  deliver(put("a"));
  await nothingOwed();
  expect(running.teller.notice).toContain("nobody listens");
});

test("small files travel in the message where that is asked for, if they still are what was delivered", async () => {
  const change = (path: string): Change => {
    mkdirSync(`${source.path}/d`, { recursive: true });
    writeFileSync(`${source.path}/${path}`, `this is ${path}`);
    return {
      kind: "put",
      path: rel(path),
      version: versionOf(lstatSync(`${source.path}/${path}`, { bigint: true })),
      mode: 0o644,
      links: 1,
    };
  };
  const changes = Array.from({ length: 20 }, (_, index) => change(`d/f${index}`));
  const old = change("old");
  writeFileSync(`${source.path}/old`, "it was changed since");
  start({ inlineMaxBytes: 100 });
  deliver(...changes, old);
  await nothingOwed();
  const contents = Object.fromEntries(announcer.published.map(({ change: { path }, content }) => [path, content?.toString() ?? null]));
  expect(contents).toEqual({ ...Object.fromEntries(changes.map(({ path }) => [path, `this is ${path}`])), old: null });
});

test("an end waits a moment for what is with the broker, so that it is not told twice", async () => {
  let confirm: () => void = () => undefined;
  announcer.answer = () => new Promise((resolve) => (confirm = () => resolve({ outcome: "confirmed" })));
  const running = start();
  deliver(put("a"));
  await waitUntil("it is under way", () => announcer.underWay === 1);
  const ending = running[Symbol.asyncDispose]();
  confirm();
  await ending;
  expect(countOwed(ledger.db, ledger.flow)).toBe(0);
});

test("a run that ends when idle has told what the broker takes, and leaves the rest owed", async () => {
  const running = start();
  deliver(put("a"));
  await running.finish();
  expect(running.owed).toBe(0);
  announcer.becomes({ state: "waiting", reason: "connection refused", untilMs: 0 });
  deliver(put("b"));
  await running.finish();
  expect(running.owed).toBe(1);
});
