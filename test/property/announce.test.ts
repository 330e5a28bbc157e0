import fc from "fast-check";
import { expect, test } from "vitest";
import { Outbox } from "../../src/flow/announce/outbox.ts";
import { PublishPump } from "../../src/flow/announce/publish-pump.ts";
import { Teller } from "../../src/flow/announce/teller.ts";
import { ToldContent } from "../../src/flow/announce/told-content.ts";
import type { Announced, Published } from "../../src/flow/bus.ts";
import { newest, recordQueued, supersede } from "../../src/flow/ledger/admissions.ts";
import { countOwed } from "../../src/flow/ledger/announcements.ts";
import { beginRun, claim, type RunId } from "../../src/flow/ledger/claims.ts";
import { type Database, openForWriting } from "../../src/flow/ledger/database.ts";
import { tallyOf } from "../../src/flow/ledger/flows.ts";
import { SourceReader } from "../../src/flow/read/source-reader.ts";
import { EndedAttempts } from "../../src/flow/send/ended-attempts.ts";
import type { PumpEvents } from "../../src/flow/send/pump-events.ts";
import type { FlowSettings } from "../../src/flow/settings.ts";
import type { Change, ClaimedTransfer } from "../../src/flow/transfer.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { publishSettings } from "../support/bus-settings.ts";
import { flowSettings, put, registerTestFlow, rel } from "../support/ledger.ts";
import { Random } from "../support/random.ts";
import { makeTemporary } from "../support/temporary.ts";
import { TestAnnouncer } from "../support/test-announcer.ts";
import { waitUntil } from "../support/waiting.ts";

const clock = systemClock();
const publish = publishSettings({ baseUrl: "sftp://hub/in" });

/** A message that the broker holds. */
type Held = { path: string; kind: string; version: bigint; identity: string };

/** A broker over all lives of a daemon: it holds messages, and says what it likes about them, when it likes. */
class Broker {
  readonly held: Held[] = [];
  readonly #random: Random;
  calm = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A connection, which ends with the life that made it. */
  announcer(isOpen: () => boolean, mayBeTold: (announced: Announced) => void): TestAnnouncer {
    const announcer = new TestAnnouncer();
    announcer.answer = async (announced) => {
      mayBeTold(announced);
      if (this.#random.chance(0.5)) await new Promise((resolve) => setTimeout(resolve, this.#random.between(0, 4)));
      if (!isOpen()) return { outcome: "unknown", detail: "the connection ended" };
      const published = this.#say();
      if (published.outcome === "confirmed" || (published.outcome === "unknown" && this.#random.chance(0.5))) this.#hold(announced);
      // What was confirmed is known only later: a kill may come before.
      if (this.#random.chance(0.5)) await new Promise((resolve) => setTimeout(resolve, this.#random.between(0, 4)));
      return published;
    };
    return announcer;
  }

  #say(): Published {
    if (this.calm || this.#random.chance(0.6)) return { outcome: "confirmed" };
    const detail = "as the test says";
    return this.#random.pick<Published>([
      { outcome: "unknown", detail },
      { outcome: "not-sent", detail },
    ]);
  }

  #hold({ change, baseUrl, pubTimeNs }: Announced): void {
    const version = "version" in change && change.version !== null ? change.version.mtimeNs : 0n;
    this.held.push({ path: change.path, kind: change.kind, version, identity: `${baseUrl} ${change.path} ${pubTimeNs}` });
  }
}

/** One life of a daemon, as far as the ledger goes: what is thrown away can write nothing any more. */
type Life = { db: Database; run: RunId; stop: () => Promise<void>; kill: () => void };

type Kit = { state: string; flow: number; broker: Broker; random: Random };

const changes = (random: Random, serial: number): Change => {
  const path = random.pick(["a", "b", "c", "d/e", "d/f"]);
  if (random.chance(0.6)) return put(path, serial);
  return random.pick<Change>([
    { kind: "delete", path: rel(path) },
    { kind: "mkdir", path: rel("d"), mode: serial % 512 },
    { kind: "rename", path: rel(path), from: rel("g"), directory: false, version: null, mode: 0o644 },
  ]);
};

/** As `admit/` does it: what waits for the path gives way, removals and renames aside. */
function record(db: Database, flow: number, change: Change): void {
  const known = newest(db, flow, change.path);
  const givesWay = known?.state === "queued" && (known.kind === "put" || known.kind === "mkdir");
  db.transaction(() => {
    if (givesWay) supersede(db, known.id, "a newer version of the path was seen", clock.wall());
    recordQueued(db, flow, change, { wall: clock.wall(), steady: clock.steady() });
  });
}

/** Every delivered transfer, in order. */
function deliveredIn(db: Database, flow: number): Array<{ id: number; path: string; kind: string; version: bigint }> {
  return db
    .all<{ id: number; path: Uint8Array; kind: string; mtime_ns: string | null }>(
      "SELECT id, path, kind, CAST(mtime_ns AS TEXT) AS mtime_ns FROM transfer WHERE flow = ? AND state = 'delivered' ORDER BY id",
      flow,
    )
    .map((row) => ({ id: row.id, path: Buffer.from(row.path).toString(), kind: row.kind, version: BigInt(row.mtime_ns ?? 0) }));
}

/** Each at least once, under one identity, and of each path the last message is about the last change. */
function judge(db: Database, flow: number, held: Held[]): void {
  const delivered = deliveredIn(db, flow);
  for (const { id, path } of delivered) {
    const identities = new Set(held.filter((message) => isAbout(message, id)).map(({ identity }) => identity));
    expect(identities.size, `transfer ${id}, ${path}`).toBe(1);
  }
  for (const path of new Set(delivered.map((one) => one.path))) {
    const last = delivered.findLast((one) => one.path === path)!;
    const message = held.findLast((one) => one.path === path)!;
    expect({ path, kind: message.kind, version: message.version }).toEqual({ path, kind: last.kind, version: last.version });
  }
  // Of two changes of one path the later is not held before the earlier.
  for (const [at, one] of delivered.entries()) {
    const earlier = delivered.slice(0, at).findLast((other) => other.path === one.path);
    if (earlier === undefined) continue;
    const first = (id: number): number => held.findIndex((message) => isAbout(message, id));
    expect(first(earlier.id)).toBeLessThan(first(one.id));
  }
}

/** The row's number is in the time that the message carries. */
function isAbout({ identity }: Held, id: number): boolean {
  return BigInt(identity.split(" ").at(-1)!) % 1_000_000n === BigInt(id);
}

const ended = {
  look: () => undefined,
  delivered: () => undefined,
  failed: () => undefined,
  recorded: () => undefined,
  refuseRemoval: () => null,
};
/** What is thrown away meets a closed ledger. */
const events: PumpEvents = { ...ended, originOf: null, broken: () => undefined };

function begin({ state }: Kit): { db: Database; run: RunId } {
  const db = openForWriting(state);
  return { db, run: beginRun(db, process.pid, { wall: clock.wall(), steady: clock.steady() }) };
}

/** A flow that delivers, in no time, and tells of it. */
function announcing(kit: Kit): Life & { deliver: (serial: number) => void; done: () => boolean } {
  const { db, run } = begin(kit);
  const { flow, broker, random } = kit;
  const settings: FlowSettings = flowSettings({ announce: publish });
  let isOpen = true;
  const mayBeTold = ({ change, pubTimeNs }: Announced): void => {
    if (!isOpen) return;
    const row = db.get<{ state: string }>("SELECT state FROM transfer WHERE id = ?", Number(pubTimeNs % 1_000_000n));
    expect(row?.state, `${change.path} is told before its receipt`).toBe("delivered");
  };
  const announcer = broker.announcer(() => isOpen, mayBeTold);
  const teller = new Teller({ announcer, publish, clock, log: silentLog, heardBefore: true, changed: () => outbox.wake() });
  const content = new ToldContent(settings.source, 0);
  const parts = { settings, publish, db, flows: [flow], teller, content, clock, log: silentLog };
  const outbox: Outbox = new Outbox({ ...parts, changed: () => undefined, told: () => undefined, broken: () => undefined });
  const attempts = new EndedAttempts(
    { db, flow, clock, log: silentLog, settings },
    () => outbox.wake(),
    () => undefined,
  );
  outbox.wake();
  const end = (transfer: ClaimedTransfer): void =>
    attempts.add(
      {
        transfer,
        outcome: { kind: "delivered", receipt: { proof: { basis: "size" }, durable: false }, method: "sent", retain: { kind: "keep" } },
        startedAtMs: clock.wall(),
        bytes: 0,
      },
      true,
    );
  return {
    db,
    run,
    deliver(serial) {
      record(db, flow, changes(random, serial));
      const busy = new Set<string>();
      const claimed = claim(db, {
        flow,
        run,
        bulk: false,
        limit: 3,
        now: clock.steady() + 60_000,
        busy: (key) => busy.has(key),
        originOf: null,
      });
      claimed.forEach(end);
      attempts.flush();
    },
    done: () => countOwed(db, flow) === 0 && tallyOf(db, flow).queued === 0,
    kill: () => {
      isOpen = false;
      db[Symbol.dispose]();
    },
    stop: async () => {
      await outbox[Symbol.asyncDispose]();
      db[Symbol.dispose]();
    },
  };
}

/** A flow that publishes. */
function publishing(kit: Kit): Life & { deliver: (serial: number) => void; done: () => boolean } {
  const { db, run } = begin(kit);
  const { flow, broker, random } = kit;
  const place = { kind: "publish", publish } as const;
  const settings = flowSettings({ destination: { ...flowSettings().destination, place, verify: "none" } });
  let isOpen = true;
  const announcer = broker.announcer(
    () => isOpen,
    () => undefined,
  );
  const teller = new Teller({ announcer, publish, clock, log: silentLog, heardBefore: true, changed: () => pump.wake() });
  const reader = new SourceReader();
  const pump: PublishPump = new PublishPump({ settings, publish, teller, flow, db, reader, clock, log: silentLog }, run, events);
  pump.start();
  return {
    db,
    run,
    deliver(serial) {
      record(db, flow, changes(random, serial));
      pump.wake();
    },
    done: () => tallyOf(db, flow).queued + tallyOf(db, flow).sending === 0,
    kill: () => {
      isOpen = false;
      db[Symbol.dispose]();
    },
    stop: async () => {
      await pump.stop(1000);
      db[Symbol.dispose]();
    },
  };
}

/** How many messages the broker holds at the end. */
async function live(seed: number, makeLife: typeof announcing): Promise<number> {
  const random = new Random(seed);
  await using temporary = await makeTemporary();
  const state = temporary.path;
  const first = openForWriting(state);
  const kit: Kit = { state, flow: registerTestFlow(first, "test"), broker: new Broker(random), random };
  first[Symbol.dispose]();
  let serial = 0;
  for (let lives = random.between(2, 5); lives > 0; lives--) {
    const life = makeLife(kit);
    for (let steps = random.between(1, 12); steps > 0; steps--) {
      life.deliver(++serial);
      if (random.chance(0.3)) await new Promise((resolve) => setTimeout(resolve, random.between(0, 15)));
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (random.chance(0.8)) life.kill();
    else await life.stop();
  }
  kit.broker.calm = true;
  const last = makeLife(kit);
  if (makeLife === announcing) last.deliver(++serial);
  await waitUntil("all is told", last.done, { everyMs: 5, timeoutMs: 20_000 });
  judge(last.db, kit.flow, kit.broker.held);
  await last.stop();
  return kit.broker.held.length;
}

test("whenever it is killed, each delivery is told at least once under one identity, in order, and never before its receipt", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0 }), async (seed) => {
      expect(await live(seed, announcing)).toBeGreaterThan(0);
    }),
    { numRuns: 50, endOnFailure: true },
  );
});

test("whenever it is killed, each change that is published is with the broker at least once under one identity, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0 }), async (seed) => {
      expect(await live(seed, publishing)).toBeGreaterThan(0);
    }),
    { numRuns: 50, endOnFailure: true },
  );
});
