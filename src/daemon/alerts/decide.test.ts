import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AlertKind,
  type AlertState,
  calmMs,
  type Condition,
  type Due,
  keyOf,
  markFailed,
  markTold,
  messageDue,
  nothingTold,
  observe,
} from "./decide.ts";

const pace = { groupMs: 30_000, repeatMs: 24 * 3600_000 };
const SECOND = 1000;
const MINUTE = 60_000;

type At = { holds: Array<Partial<Condition>>; unknown?: string[]; watched?: string[] };
type Sent = { atS: number; firing: string[]; resolved: string[] };

/** Plays a history second by second; `fails` says which tries of a message come to nothing. */
function play(
  lengthMs: number,
  history: (atMs: number) => At,
  options: { pace?: typeof pace; fails?: (serial: number, tries: number) => boolean; from?: AlertState; startMs?: number } = {},
): { sent: Sent[]; state: AlertState; tries: number } {
  const own = options.pace ?? pace;
  const sent: Sent[] = [];
  let state = options.from ?? nothingTold;
  let tries = 0;
  const start = options.startMs ?? 0;
  for (let now = start; now <= start + lengthMs; now += SECOND) {
    const { holds, unknown = [], watched } = history(now);
    const conditions = holds.map((one): Condition => ({ flow: "f", alert: "halted", summary: "it is so", afterMs: 0, amount: 0, ...one }));
    const keys = conditions.map(({ flow, alert }) => keyOf(flow, alert));
    state = observe(
      state,
      { conditions, watched: new Set(watched ?? [...Object.keys(state.entries), ...keys]), unknown: new Set(unknown) },
      own,
      now,
    );
    const message = messageDue(state, own, now);
    if (message === null) continue;
    tries++;
    if (options.fails?.(state.serial, state.failures) === true) {
      state = markFailed(state, message, 10 * SECOND, now);
      continue;
    }
    sent.push({
      atS: now / SECOND,
      firing: message.firing.map(nameOf),
      resolved: message.resolved.map(({ flow, alert }) => keyOf(flow, alert)),
    });
    state = markTold(state, message, own, now);
  }
  return { sent, state, tries };
}

const nameOf = ({ entry, kind }: Due["firing"][number]): string => `${kind} ${keyOf(entry.flow, entry.alert)}`;
/** Between two that follow each other. */
function shortestGapMs(timesS: number[]): number {
  return SECOND * Math.min(Infinity, ...timesS.slice(1).map((atS, at) => atS - timesS[at]!));
}

const during =
  (fromS: number, toS: number, condition: Partial<Condition> = {}) =>
  (atMs: number): At => ({
    holds: atMs >= fromS * SECOND && atMs < toS * SECOND ? [condition] : [],
  });

test("what lasts is told once after the group's time, and its end once it has been over for as long", () => {
  expect(play(10 * MINUTE, during(5, 200)).sent).toEqual([
    { atS: 35, firing: ["new f/halted"], resolved: [] },
    { atS: 230, firing: [], resolved: ["f/halted"] },
  ]);
});

test("what is over before anybody was told is told to nobody", () => {
  expect(play(10 * MINUTE, during(5, 30)).sent).toEqual([]);
});

test("what comes within the group's time is one message, and so are ends", () => {
  const flows = Array.from({ length: 50 }, (_, at) => ({ flow: `flow${at}`, fromS: at / 2 }));
  const { sent } = play(10 * MINUTE, (atMs) => ({
    holds: flows.filter(({ fromS }) => atMs >= fromS * SECOND && atMs < 300 * SECOND).map(({ flow }) => ({ flow })),
  }));
  expect(sent.map(({ firing, resolved }) => [firing.length, resolved.length])).toEqual([
    [50, 0],
    [0, 50],
  ]);
});

test("a condition counts from when it has held for its own time, also over short gaps", () => {
  const waiting = { alert: "waiting" as AlertKind, afterMs: 10 * MINUTE };
  expect(play(30 * MINUTE, during(0, 590, waiting)).sent).toEqual([]);
  expect(play(30 * MINUTE, during(0, 1e9, waiting)).sent).toEqual([{ atS: 600, firing: ["new f/waiting"], resolved: [] }]);
  const retrying = (atMs: number): At => ({ holds: (atMs / SECOND) % 20 < 15 ? [waiting] : [] });
  expect(play(30 * MINUTE, retrying).sent).toEqual([{ atS: 600, firing: ["new f/waiting"], resolved: [] }]);
});

test("what is unknown for a while stays as it was known, and what is not watched any more is forgotten without a word", () => {
  const history = (atMs: number): At => {
    const atS = atMs / SECOND;
    if (atS < 100) return { holds: [{}] };
    return atS < 1000 ? { holds: [], unknown: ["f/halted"] } : { holds: [], watched: [] };
  };
  expect(play(40 * MINUTE, history).sent).toEqual([{ atS: 30, firing: ["new f/halted"], resolved: [] }]);
});

test("what comes and goes is told again only after the calm, with how often it was", () => {
  const flapping = (atMs: number): At => ({ holds: Math.floor(atMs / (60 * SECOND)) % 2 === 0 ? [{}] : [] });
  const { sent } = play(60 * MINUTE, flapping);
  const firing = sent.filter((one) => one.firing.length > 0).map(({ atS }) => atS);
  expect(firing[0]).toBe(30);
  expect(shortestGapMs(firing)).toBeGreaterThanOrEqual(calmMs(pace));
  expect(sent.length).toBeLessThanOrEqual(2 * (60 / 10 + 1));
});

test("how often it came is counted between two messages", () => {
  let state = nothingTold;
  const step = (now: number, holds: boolean): void => {
    const conditions: Condition[] = holds ? [{ flow: "f", alert: "halted", summary: "", afterMs: 0, amount: 0 }] : [];
    state = observe(state, { conditions, watched: new Set(["f/halted"]), unknown: new Set() }, pace, now);
  };
  step(0, true);
  state = markTold(state, messageDue(state, pace, 30_000)!, pace, 30_000);
  step(40_000, false);
  state = markTold(state, messageDue(state, pace, 70_000)!, pace, 70_000);
  for (let at = 0; at < 5; at++) {
    step(110_000 + at * 100_000, true);
    step(160_000 + at * 100_000, false);
  }
  step(650_000, true);
  const message = messageDue(state, pace, 700_000)!;
  expect(message.firing.map(({ entry, kind }) => [kind, entry.times])).toEqual([["new", 6]]);
});

test("more of the same is told after the calm, and what lasts after the time of repetition", () => {
  const letters = (atMs: number): At => ({ holds: [{ alert: "dead-letter", amount: 1 + Math.min(5, Math.floor(atMs / (2 * MINUTE))) }] });
  const { sent } = play(49 * 60 * MINUTE, letters);
  expect(sent.map(({ firing }) => firing[0])).toEqual([
    "new f/dead-letter",
    "more f/dead-letter",
    "lasts f/dead-letter",
    "lasts f/dead-letter",
  ]);
  expect(sent[1]!.atS - sent[0]!.atS).toBe(calmMs(pace) / SECOND);
});

test("a restart repeats nothing, and forgets nothing that was not told yet", () => {
  const before = play(2 * MINUTE, during(0, 1e9));
  const kept = JSON.parse(JSON.stringify(before.state)) as AlertState;
  expect(play(10 * MINUTE, during(0, 1e9), { from: kept, startMs: 3 * MINUTE }).sent).toEqual([]);
  expect(play(10 * MINUTE, () => ({ holds: [] }), { from: kept, startMs: 3 * MINUTE }).sent.map(({ resolved }) => resolved)).toEqual([
    ["f/halted"],
  ]);
  const early = play(20 * SECOND, during(0, 1e9));
  expect(play(MINUTE, during(0, 1e9), { from: early.state, startMs: 25 * SECOND }).sent.map(({ atS }) => atS)).toEqual([30]);
});

test("a message that nobody takes is tried again with what is true by then, and what was over meanwhile is told as over", () => {
  const { sent, tries } = play(10 * MINUTE, during(0, 120), { fails: (_serial, failures) => failures < 15 });
  expect(tries).toBe(16);
  expect(sent).toEqual([{ atS: 210, firing: [], resolved: ["f/halted"] }]);
});

test("for any history the messages are bounded, everything that lasts is told, and every end of what was told is told", () => {
  const kinds = fc.constantFrom<AlertKind>("waiting", "halted", "freshness", "dead-letter", "low-space");
  const interval = fc.record({
    flow: fc.constantFrom("a", "b"),
    alert: kinds,
    fromS: fc.integer({ min: 0, max: 5000 }),
    lengthS: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3000 })),
    amount: fc.integer({ min: 0, max: 3 }),
    unknown: fc.boolean(),
  });
  // What lasted longest is forgotten a calm (of 20 minutes at most) after it was told to be over.
  const LENGTH = 9600 * SECOND;
  fc.assert(
    fc.property(
      fc.array(interval, { maxLength: 60 }),
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom(0, 0.3, 0.9),
      (intervals, groupS, unlucky) => {
        const own = { groupMs: groupS * SECOND, repeatMs: 2000 * SECOND };
        const at = (atMs: number): At => {
          const now = intervals.filter(({ fromS, lengthS }) => atMs >= fromS * SECOND && atMs < (fromS + lengthS) * SECOND);
          const holds = new Map(now.filter(({ unknown }) => !unknown).map((one) => [keyOf(one.flow, one.alert), one]));
          const watched = ["a", "b"].flatMap((flow) =>
            (["waiting", "halted", "freshness", "dead-letter", "low-space"] as const).map((alert) => keyOf(flow, alert)),
          );
          return {
            holds: [...holds.values()].map(({ flow, alert, amount }) => ({ flow, alert, amount })),
            unknown: now
              .filter(({ unknown, flow, alert }) => unknown && !holds.has(keyOf(flow, alert)))
              .map(({ flow, alert }) => keyOf(flow, alert)),
            watched,
          };
        };
        let random = 1;
        const fails = (): boolean => (random = (random * 16_807) % 2_147_483_647) / 2_147_483_647 < unlucky;
        const { sent, state } = play(LENGTH, at, { pace: own, fails });
        // Never two messages within the group's time.
        expect(shortestGapMs(sent.map(({ atS }) => atS))).toBeGreaterThanOrEqual(own.groupMs);
        const open = new Map<string, number>();
        for (const { atS, firing, resolved } of sent) {
          for (const name of firing) open.set(name.split(" ")[1]!, atS);
          for (const key of resolved) open.delete(key);
        }
        for (const key of new Set(sent.flatMap(({ firing }) => firing.map((name) => name.split(" ")[1]!)))) {
          const fired = sent.filter(({ firing }) => firing.some((name) => name.endsWith(` ${key}`))).map(({ atS }) => atS);
          expect(shortestGapMs(fired)).toBeGreaterThanOrEqual(Math.min(calmMs(own), own.repeatMs));
        }
        // Whatever held for longer than the calm was known to people when it ended, where messages got through.
        const lasting = intervals.filter(
          ({ unknown, lengthS }) => unlucky === 0 && !unknown && lengthS * SECOND > calmMs(own) + 2 * own.groupMs,
        );
        for (const { flow, alert, fromS, lengthS } of lasting) {
          const key = keyOf(flow, alert);
          const upTo = sent.filter(({ atS }) => atS <= fromS + lengthS);
          const fired = upTo.findLastIndex(({ firing }) => firing.some((name) => name.endsWith(` ${key}`)));
          const over = upTo.findLastIndex(({ resolved }) => resolved.includes(key));
          expect(fired).toBeGreaterThan(over);
        }
        // All was over long before the end, so nothing that was told may be left standing.
        expect([...open.keys()]).toEqual([]);
        expect(Object.keys(state.entries)).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});
