import { expect, test } from "vitest";
import type { Handled, Received } from "../bus.ts";
import { Pending, type PendingMessage } from "./pending.ts";

const received = { told: {}, exchange: "xs", redelivered: false, returns: 0 } as Received;
const again: Handled = { outcome: "again", afterMs: 5, reason: "not yet", counted: true };
const dead: Handled = { outcome: "dead", reason: "too often" };
const done: Handled = { outcome: "done" };

type Asked = { message: PendingMessage; answers: Handled[]; lost: number[]; stop: AbortController };

function ask(pending: Pending, ...transfers: number[]): Asked {
  const stop = new AbortController();
  const answers: Handled[] = [];
  const lost: number[] = [];
  const message = pending.add(
    received,
    stop.signal,
    (handled) => answers.push(handled),
    ({ open }) => lost.push(...open),
  );
  for (const transfer of transfers) pending.attach(message, transfer);
  return { message, answers, lost, stop };
}

test("a message is answered when the last of its transfers has ended, with what is worst of all", () => {
  const pending = new Pending();
  const asked = ask(pending, 1, 2, 3);
  pending.ended(1, done);
  pending.ended(2, again);
  expect([asked.answers, pending.size]).toEqual([[], 1]);
  pending.ended(3, dead);
  expect([asked.answers, pending.size]).toEqual([[again], 0]);
});

test("several messages may wait for one transfer", () => {
  const pending = new Pending();
  const [one, other] = [ask(pending, 1), ask(pending, 1)];
  expect(pending.has(1)).toBe(true);
  pending.ended(1, done);
  expect([one.answers, other.answers, pending.has(1)]).toEqual([[done], [done], false]);
});

test("who waited for what gave way waits for what came instead", () => {
  const pending = new Pending();
  const asked = ask(pending, 1);
  pending.move(1, [2, 3]);
  pending.ended(1, dead);
  pending.ended(2, done);
  expect(asked.answers).toEqual([]);
  pending.ended(3, done);
  expect(asked.answers).toEqual([done]);
});

test("a message that can no longer be acknowledged is let go, and told what it waited for", () => {
  const pending = new Pending();
  const asked = ask(pending, 1, 2);
  asked.stop.abort();
  expect(asked).toMatchObject({ answers: [{ outcome: "hand-back" }], lost: [1, 2] });
  expect([pending.size, pending.has(1), pending.has(2)]).toEqual([0, false, false]);
  pending.attach(asked.message, 4);
  expect(pending.has(4)).toBe(false);
});

test("a message is answered once", () => {
  const pending = new Pending();
  const asked = ask(pending, 1);
  asked.message.answer(done);
  asked.stop.abort();
  pending.ended(1, dead);
  expect(asked.answers).toEqual([done]);
});
