import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Announced, Bus, Handle, Handled, Received, Subscription } from "../../src/flow/bus.ts";
import type { PublishSettings, SubscriptionSettings } from "../../src/flow/settings.ts";
import type { Change } from "../../src/flow/transfer.ts";
import { type Bytes, bytesOfText, relPath } from "../../src/kernel/path.ts";
import { waitUntil } from "../support/waiting.ts";

export type MadeBus = AsyncDisposable & {
  /** The connection of one more host. */
  host(): Bus;
  /** One exchange that nothing else uses, and one queue that all hosts share. */
  publishing: PublishSettings;
  subscription: SubscriptionSettings;
  /** Ends every connection at this moment; they come back by themselves. */
  cut(): Promise<void>;
  /** Puts these bytes as a message on the exchange, whatever they are. */
  publishRaw(body: Buffer): Promise<void>;
};

const version = { inode: "1:2", sizeBytes: 5, mtimeNs: 1_798_804_799_250_000_000n };
const digest = {
  algorithm: "sha512" as const,
  hex: "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043",
};
let clock = 1_798_804_800_000_000_000n;

function announced(change: Change, more: Partial<Announced> = {}): Announced {
  clock += 1_000_000n;
  const base = { change, digest: null, pubTimeNs: clock, baseUrl: "file:/lab", content: null, passedOn: null };
  return { ...base, preserve: { mode: true, mtime: true }, ...more };
}

const at = (path: string): ReturnType<typeof relPath> => relPath(bytesOfText(path));
const file = (path: string): Change => ({ kind: "put", path: at(path), version, mode: 0o640, links: 1 });

/** A handler that notes what comes, and answers what the test says. */
class Desk {
  readonly came: Received[] = [];
  readonly signals: AbortSignal[] = [];
  underWay = 0;
  most = 0;
  answer: (received: Received, signal: AbortSignal) => Promise<Handled> | Handled = () => ({ outcome: "done" });

  readonly handle: Handle = async (received, signal) => {
    this.came.push(received);
    this.signals.push(signal);
    this.most = Math.max(this.most, ++this.underWay);
    try {
      return await this.answer(received, signal);
    } finally {
      this.underWay--;
    }
  };

  get paths(): string[] {
    return this.came.map(({ told }) => told.change.path);
  }
}

/** What `Bus` promises, whoever implements it: what the engine rests on when it acknowledges a message or trusts a confirm. */
export function describeBus(implementation: string, make: () => Promise<MadeBus>): void {
  describe(`bus: ${implementation}`, () => {
    let made: MadeBus;
    let open: AsyncDisposable[];

    beforeEach(async () => {
      made = await make();
      open = [];
    });
    afterEach(async () => {
      for (const one of open.toReversed()) await one[Symbol.asyncDispose]();
      await made[Symbol.asyncDispose]();
    });

    async function listen(desk: Desk, prefetch = 10): Promise<Subscription> {
      const bus = made.host();
      const subscription = bus.subscribe({ ...made.subscription, prefetch }, "test", desk.handle);
      open.push(bus, subscription);
      await waitUntil("the subscription is ready", () => subscription.state.state === "ready", { everyMs: 10 });
      return subscription;
    }

    async function announce(...all: Announced[]): Promise<void> {
      const bus = made.host();
      const announcer = bus.announcer(made.publishing, "test");
      open.push(bus, announcer);
      for (const one of all) {
        const outcome = await waitUntil("it is published", async () => {
          const published = await announcer.publish(one);
          return published.outcome === "not-sent" ? null : published;
        });
        expect(outcome).toEqual({ outcome: "confirmed" });
      }
    }

    it("hands over each kind of change as it was announced", async () => {
      const desk = new Desk();
      await listen(desk);
      const told = { ...version, inode: `sha512:${digest.hex}` };
      const sent = [
        announced({ ...file("d/a b.nc"), version: told } as Change, { digest }),
        announced({ kind: "mkdir", path: at("d/e"), mode: 0o750 }),
        announced({ kind: "delete", path: at("d/x") }),
        announced({ kind: "rmdir", path: at("d/y") }),
        announced({ kind: "rename", path: at("d/new"), from: at("d/old"), directory: false, version: told, mode: 0o600 }, { digest }),
        announced({ kind: "rename", path: at("n"), from: at("o"), directory: true, version: null, mode: 0o755 }),
      ];
      await announce(...sent);
      await waitUntil("all came", () => desk.came.length === sent.length);
      expect(desk.came.map(({ told: { change, pubTimeNs, baseUrl } }) => ({ change, pubTimeNs, baseUrl }))).toEqual(
        sent.map(({ change, pubTimeNs, baseUrl }) => ({ change, pubTimeNs, baseUrl })),
      );
      expect(desk.came.every((one) => !one.redelivered && one.returns === 0 && one.exchange === made.publishing.exchange)).toBe(true);
      expect(desk.came[0]!.told).toMatchObject({ digest, sizeKnown: true, content: null });
    });

    it("reads a stored body as it was told", async () => {
      const desk = new Desk();
      await listen(desk);
      await announce(announced(file("a"), { digest, content: Buffer.from("hello") }));
      await waitUntil("it came", () => desk.came.length === 1);
      const { told } = desk.came[0]!;
      const bus = made.host();
      open.push(bus);
      expect(bus.read(Buffer.from(told.body))).toEqual(told);
      expect(told.content?.toString()).toBe("hello");
      expect(bus.read(Buffer.from("no message"))).toBeNull();
    });

    it("gives what was not finished to somebody once more, and says so; what was finished does not come again", async () => {
      const desk = new Desk();
      desk.answer = ({ told }) => (told.change.path === "held" ? new Promise(() => undefined) : { outcome: "done" });
      const subscription = await listen(desk);
      await announce(announced(file("finished")), announced(file("held")));
      await waitUntil("both came", () => desk.came.length === 2 && subscription.counts.done === 1);
      desk.answer = () => ({ outcome: "done" });
      await made.cut();
      await waitUntil("it came again", () => desk.came.length === 3);
      expect(desk.signals[1]!.aborted).toBe(true);
      expect(desk.came[2]).toMatchObject({ redelivered: true, returns: 0 });
      expect(desk.paths).toEqual(["finished", "held", "held"]);
      await announce(announced(file("after")));
      await waitUntil("it goes on", () => desk.came.length === 4);
      expect(desk.paths[3]).toBe("after");
    });

    it("has no more under way than was asked for", async () => {
      const desk = new Desk();
      const gate = Promise.withResolvers<Handled>();
      desk.answer = () => gate.promise;
      await listen(desk, 3);
      await announce(...Array.from({ length: 8 }, (_, n) => announced(file(`f${n}`))));
      await waitUntil("three are under way", () => desk.underWay === 3);
      await sleep(100);
      expect(desk.came.length).toBe(3);
      gate.resolve({ outcome: "done" });
      await waitUntil("all came", () => desk.came.length === 8);
      expect(desk.most).toBe(3);
    });

    it("lets a message wait without holding up others, and counts how often", async () => {
      const desk = new Desk();
      desk.answer = ({ told, returns }) =>
        told.change.path === "late" && returns < 2
          ? { outcome: "again", afterMs: 300, reason: "not yet", counted: true }
          : { outcome: "done" };
      const subscription = await listen(desk, 1);
      await announce(announced(file("late")), announced(file("b")), announced(file("c")));
      await waitUntil("the others came", () => desk.paths.includes("c"));
      await waitUntil("it came twice more", () => desk.came.filter(({ told }) => told.change.path === "late").length === 3);
      expect(desk.came.filter(({ told }) => told.change.path === "late").map(({ returns }) => returns)).toEqual([0, 1, 2]);
      await waitUntil("it is counted", () => subscription.counts.done === 3 && subscription.counts.again === 2);
    });

    it("lets a message wait uncounted, which failed at nothing", async () => {
      const desk = new Desk();
      desk.answer = () =>
        desk.came.length < 2 ? { outcome: "again", afterMs: 100, reason: "its origin is away", counted: false } : { outcome: "done" };
      await listen(desk, 1);
      await announce(announced(file("late")));
      await waitUntil("it came once more", () => desk.came.length === 2);
      expect(desk.came.map(({ returns }) => returns)).toEqual([0, 0]);
    });

    it("keeps dead letters with their reason until they are given back, and then as ones that were never tried", async () => {
      const desk = new Desk();
      desk.answer = ({ told }) => (told.change.path === "good" ? { outcome: "done" } : { outcome: "dead", reason: "too often" });
      const subscription = await listen(desk);
      await announce(announced(file("bad/1")), announced(file("good")), announced(file("bad/2")));
      await waitUntil("they are dead", async () => (await subscription.deadLetters(10)).length === 2);
      const letters = await subscription.deadLetters(10);
      expect(letters.map(({ path, baseUrl, reason }) => ({ path, baseUrl, reason }))).toEqual([
        { path: "bad/1", baseUrl: "file:/lab", reason: "too often" },
        { path: "bad/2", baseUrl: "file:/lab", reason: "too often" },
      ]);
      expect(await subscription.deadLetters(1)).toHaveLength(1);
      desk.answer = () => ({ outcome: "done" });
      expect(await subscription.revive(["bad/2" as Bytes, "good" as Bytes])).toBe(1);
      await waitUntil("it came", () => desk.came.length === 4);
      expect(desk.came[3]).toMatchObject({ returns: 0, told: { change: { path: "bad/2" } } });
      expect((await subscription.deadLetters(10)).map(({ path }) => path)).toEqual(["bad/1"]);
      expect(await subscription.revive(null)).toBe(1);
      await waitUntil("the other came", () => desk.came.length === 5);
      expect(await subscription.deadLetters(10)).toEqual([]);
    });

    it("puts what it cannot understand with the dead letters, and goes on", async () => {
      const desk = new Desk();
      const subscription = await listen(desk);
      await made.publishRaw(Buffer.from("rubbish"));
      await made.publishRaw(
        Buffer.from(
          '{"pubTime": "20270101T120000.5", "relPath": "../../etc/passwd", "baseUrl": "file:/lab", "size": 1, "mtime": "20270101T120000"}',
        ),
      );
      await announce(announced(file("good")));
      await waitUntil("the good one came", () => desk.paths.includes("good"));
      await waitUntil("both are dead", async () => (await subscription.deadLetters(10)).length === 2);
      expect(desk.came).toHaveLength(1);
      expect(subscription.counts.refused).toBe(2);
      expect((await subscription.deadLetters(10)).map(({ path }) => path)).toEqual([null, null]);
    });

    it("hands back to somebody else", async () => {
      const refusing = new Desk();
      const taking = new Desk();
      const one = await listen(refusing, 1);
      refusing.answer = async () => {
        // It stops, as a host that is told to.
        void one[Symbol.asyncDispose]();
        await listen(taking);
        return { outcome: "hand-back" };
      };
      await announce(announced(file("a")));
      await waitUntil("the other has it", () => taking.came.length === 1, { explain: () => JSON.stringify(refusing.paths) });
      expect(taking.came[0]).toMatchObject({ redelivered: true, told: { change: { path: "a" } } });
    });

    it("shares the messages of a queue among its hosts, each to one of them", async () => {
      const desks = [new Desk(), new Desk()];
      for (const desk of desks) {
        desk.answer = async () => {
          await sleep(2);
          return { outcome: "done" };
        };
        await listen(desk, 2);
      }
      await announce(...Array.from({ length: 40 }, (_, n) => announced(file(`f${n}`))));
      await waitUntil("all came", () => desks[0]!.came.length + desks[1]!.came.length === 40);
      expect(new Set(desks.flatMap(({ paths }) => paths)).size).toBe(40);
      for (const desk of desks) expect(desk.came.length).toBeGreaterThan(5);
    });

    it("lets what is under way come to its end when it is told to stop, and takes nothing more", async () => {
      const desk = new Desk();
      const gate = Promise.withResolvers<Handled>();
      desk.answer = () => gate.promise;
      const subscription = await listen(desk, 1);
      await announce(announced(file("a")), announced(file("b")));
      await waitUntil("one is under way", () => desk.underWay === 1);
      const stopped = subscription[Symbol.asyncDispose]();
      gate.resolve({ outcome: "done" });
      await stopped;
      expect(desk.came).toHaveLength(1);
      const next = new Desk();
      await listen(next);
      await waitUntil("the other one came", () => next.came.length === 1);
      await sleep(100);
      expect(next.paths).toEqual(["b"]);
    });

    it("says when nobody listens", async () => {
      const bus = made.host();
      const announcer = bus.announcer(made.publishing, "test");
      open.push(bus, announcer);
      const outcome = await waitUntil("it is answered", async () => {
        const published = await announcer.publish(announced(file("a")));
        return published.outcome === "not-sent" ? null : published;
      });
      expect(outcome).toEqual({ outcome: "unrouted" });
    });

    it("passes a message on with its time and all that nobody knows", async () => {
      const desk = new Desk();
      await listen(desk);
      const body = `{"pubTime": "20270101T120000.5", "relPath": "a/f", "baseUrl": "file:/lab", "size": 5, "mtime": "20270101T115959.25", "mode": "640", "X-ours": {"a": [1]}}`;
      await made.publishRaw(Buffer.from(body));
      await waitUntil("it came", () => desk.came.length === 1);
      const { told } = desk.came[0]!;
      await announce(announced(told.change, { pubTimeNs: told.pubTimeNs, baseUrl: "sftp://hub/data", passedOn: told.body }));
      await waitUntil("it came on", () => desk.came.length === 2);
      const passed = desk.came[1]!.told;
      expect(passed).toMatchObject({ pubTimeNs: told.pubTimeNs, baseUrl: "sftp://hub/data", change: told.change });
      expect(JSON.parse(passed.body.toString())).toMatchObject({ "X-ours": { a: [1] } });
    });
  });
}
