import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openStates, type StateName, type TransferEvent, type TransferState, transferStates, transition } from "./states.ts";

type EventName = TransferEvent["event"];

const tries = { attempts: 3, failures: 1 };
const fence = { run: 7, attempt: 3 };
const lostFences = [
  { run: 7, attempt: 2 },
  { run: 6, attempt: 3 },
];

const states: Record<StateName, TransferState> = {
  settling: { state: "settling", dueAt: 50, tries },
  queued: { state: "queued", dueAt: 60, tries },
  sending: { state: "sending", run: 7, tries },
  delivered: { state: "delivered", tries },
  superseded: { state: "superseded", reason: "old", tries },
  ignored: { state: "ignored", reason: "reject: x", tries },
  dead: { state: "dead", code: "permission-denied", reason: "no", tries },
};

const events: Record<EventName, TransferEvent> = {
  settle: { event: "settle", at: 100 },
  unsettle: { event: "unsettle", dueAt: null },
  claim: { event: "claim", run: 8 },
  deliver: { event: "deliver", fence },
  "back-off": { event: "back-off", fence, dueAt: 200 },
  "hand-back": { event: "hand-back", fence, dueAt: 300 },
  "give-up": { event: "give-up", fence, code: "digest-mismatch", reason: "wrong bytes" },
  supersede: { event: "supersede", reason: "newer" },
  revive: { event: "revive", at: 400 },
};

const settling: TransferState = { state: "settling", dueAt: null, tries };
const claimed: TransferState = { state: "sending", run: 8, tries: { attempts: 4, failures: 1 } };
const superseded: TransferState = { state: "superseded", reason: "newer", tries };
const failedOnce = { attempts: 3, failures: 2 };

/** Every state and every event: a cell that is missing does not compile. null: nothing changes. */
const table: Record<StateName, Record<EventName, TransferState | null>> = {
  settling: {
    settle: { state: "queued", dueAt: 100, tries },
    unsettle: settling,
    claim: null,
    deliver: null,
    "back-off": null,
    "hand-back": null,
    "give-up": null,
    supersede: superseded,
    revive: null,
  },
  queued: {
    settle: null,
    unsettle: settling,
    claim: claimed,
    deliver: null,
    "back-off": null,
    "hand-back": null,
    "give-up": null,
    supersede: superseded,
    revive: null,
  },
  sending: {
    settle: null,
    unsettle: null,
    claim: null,
    deliver: { state: "delivered", tries },
    "back-off": { state: "queued", dueAt: 200, tries: failedOnce },
    "hand-back": { state: "queued", dueAt: 300, tries },
    "give-up": { state: "dead", code: "digest-mismatch", reason: "wrong bytes", tries: failedOnce },
    supersede: null,
    revive: null,
  },
  delivered: nothing(),
  superseded: nothing(),
  ignored: nothing(),
  dead: { ...nothing(), supersede: superseded, revive: { state: "queued", dueAt: 400, tries: { attempts: 3, failures: 0 } } },
};

function nothing(): Record<EventName, null> {
  return {
    settle: null,
    unsettle: null,
    claim: null,
    deliver: null,
    "back-off": null,
    "hand-back": null,
    "give-up": null,
    supersede: null,
    revive: null,
  };
}

describe("the complete table", () => {
  for (const state of transferStates) {
    for (const event of Object.keys(events) as EventName[]) {
      const next = table[state][event];
      test(`${state} + ${event} → ${next === null ? "nothing changes" : next.state}`, () => {
        expect(transition(states[state], events[event])).toEqual(next);
      });
    }
  }
});

test("a transfer that is being sent is superseded by its own attempt only", () => {
  expect(transition(states.sending, { event: "supersede", reason: "newer", fence })).toEqual(superseded);
  for (const lost of lostFences) expect(transition(states.sending, { event: "supersede", reason: "newer", fence: lost })).toBeNull();
});

const anyTries = fc.record({ attempts: fc.nat(5), failures: fc.nat(5) });
const anyFence = fc.record({ run: fc.integer({ min: 1, max: 3 }), attempt: fc.nat(5) });
const anyTime = fc.integer({ min: 0, max: 1000 });
const anyState: fc.Arbitrary<TransferState> = fc.oneof(
  fc.record({ state: fc.constant("settling" as const), dueAt: fc.option(anyTime), tries: anyTries }),
  fc.record({ state: fc.constant("queued" as const), dueAt: anyTime, tries: anyTries }),
  fc.record({ state: fc.constant("sending" as const), run: fc.integer({ min: 1, max: 3 }), tries: anyTries }),
  fc.record({ state: fc.constant("delivered" as const), tries: anyTries }),
  fc.record({ state: fc.constantFrom("superseded" as const, "ignored" as const), reason: fc.string(), tries: anyTries }),
  fc.record({ state: fc.constant("dead" as const), code: fc.constant("refused" as const), reason: fc.string(), tries: anyTries }),
);
const anyEvent: fc.Arbitrary<TransferEvent> = fc.oneof(
  fc.record({ event: fc.constantFrom("settle" as const, "revive" as const), at: anyTime }),
  fc.record({ event: fc.constant("unsettle" as const), dueAt: fc.option(anyTime) }),
  fc.record({ event: fc.constant("claim" as const), run: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ event: fc.constant("deliver" as const), fence: anyFence }),
  fc.record({ event: fc.constantFrom("back-off" as const, "hand-back" as const), fence: anyFence, dueAt: anyTime }),
  fc.record({ event: fc.constant("give-up" as const), fence: anyFence, code: fc.constant("refused" as const), reason: fc.string() }),
  fc.record({ event: fc.constant("supersede" as const), reason: fc.string(), fence: anyFence }, { requiredKeys: ["event", "reason"] }),
);

test("attempts never decrease, and only a claim increases them, by one", () => {
  fc.assert(
    fc.property(anyState, anyEvent, (state, event) => {
      const next = transition(state, event);
      fc.pre(next !== null);
      expect(next.tries.attempts).toBe(state.tries.attempts + (event.event === "claim" ? 1 : 0));
    }),
  );
});

test("only the file's own failures count, and only a person takes them back", () => {
  fc.assert(
    fc.property(anyState, anyEvent, (state, event) => {
      const next = transition(state, event);
      fc.pre(next !== null);
      const counted = event.event === "back-off" || event.event === "give-up" ? 1 : 0;
      expect(next.tries.failures).toBe(event.event === "revive" ? 0 : state.tries.failures + counted);
    }),
  );
});

test("a lost fence changes nothing", () => {
  fc.assert(
    fc.property(anyState, anyEvent, (state, event) => {
      fc.pre("fence" in event && event.fence !== undefined);
      const held = state.state === "sending" && event.fence.run === state.run && event.fence.attempt === state.tries.attempts;
      expect(transition(state, event) === null).toBe(!held);
    }),
  );
});

test("an old attempt's answer never ends a newer attempt", () => {
  fc.assert(
    fc.property(anyFence, fc.integer({ min: 1, max: 3 }), (late, run) => {
      const second: TransferState = { state: "sending", run, tries: { attempts: late.attempt + 1, failures: 0 } };
      expect(transition(second, { event: "deliver", fence: late })).toBeNull();
    }),
  );
});

test("delivered, superseded and ignored stay as they are", () => {
  const ended = anyState.filter((state) => state.state === "delivered" || state.state === "superseded" || state.state === "ignored");
  fc.assert(
    fc.property(ended, anyEvent, (state, event) => {
      expect(transition(state, event)).toBeNull();
    }),
  );
});

test("nothing is delivered or dies that was not being sent", () => {
  fc.assert(
    fc.property(anyState, anyEvent, (state, event) => {
      const next = transition(state, event);
      const ends = next?.state === "delivered" || next?.state === "dead";
      expect(ends ? state.state : "sending").toBe("sending");
    }),
  );
});

test("a transition never changes the state that it is given", () => {
  fc.assert(
    fc.property(anyState, anyEvent, (state, event) => {
      const before = structuredClone(state);
      transition(state, event);
      expect(state).toEqual(before);
    }),
  );
});

test("from every open state there is a way to delivered", () => {
  for (const name of openStates) {
    let state: TransferState = states[name];
    for (const event of [
      { event: "settle", at: 1 },
      { event: "claim", run: 9 },
    ] as const)
      state = transition(state, event) ?? state;
    if (state.state !== "sending") throw new Error("unreachable");
    const held = { run: state.run, attempt: state.tries.attempts };
    expect(transition(state, { event: "deliver", fence: held })?.state).toBe("delivered");
  }
});
