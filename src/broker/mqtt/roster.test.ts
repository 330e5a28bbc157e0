import { expect, test } from "vitest";
import type { Clock } from "../../kernel/clock.ts";
import { GUARD_ID, type HostEntry, Roster, STALE_MS, telling } from "./roster.ts";

const [own, other, third] = ["0123456789ab", "ba9876543210", "00000000000f"];

function rosterAt(): { roster: Roster; tell: (id: string, entry: HostEntry | null) => boolean; pass: (ms: number) => void } {
  let now = 1000;
  const clock: Clock = { wall: () => now, steady: () => now, sleep: async () => {} };
  const roster = new Roster("q", own, clock);
  const tell = (id: string, entry: HostEntry | null): boolean => {
    const { topic, payload } = telling("q", id, entry);
    return roster.note(topic, payload);
  };
  return { roster, tell, pass: (ms) => (now += ms) };
}

const entry = (state: HostEntry["state"], by: string): HostEntry => ({ state, by, filters: ["$share/q/x/#"], saidAtMs: 1 });
const orphans = (roster: Roster): string[] => roster.orphans.map(({ id }) => id);

test("a session is an orphan once its host is gone, or says nothing for long; ours, and the guard's, is none", () => {
  const { roster, tell, pass } = rosterAt();
  tell(own, entry("gone", own));
  tell(GUARD_ID, entry("gone", other));
  tell(other, entry("here", other));
  tell(third, entry("gone", third));
  expect(orphans(roster)).toEqual([third]);
  tell(third, null);
  expect(orphans(roster)).toEqual([]);
  pass(STALE_MS + 1);
  expect(orphans(roster)).toEqual([other]);
  tell(other, entry("here", other));
  expect(orphans(roster)).toEqual([]);
});

test("what another host serves is left to it; that we serve something is not believed from before the connection was lost", () => {
  const { roster, tell } = rosterAt();
  tell(third, entry("here", other));
  tell(GUARD_ID, entry("here", other));
  expect([orphans(roster), roster.isServed(GUARD_ID)]).toEqual([[], true]);
  tell(third, entry("here", own));
  tell(GUARD_ID, entry("here", own));
  expect([orphans(roster), roster.isServed(GUARD_ID)]).toEqual([[third], false]);
});

test("whatever somebody writes there is no host, and no message", () => {
  const { roster } = rosterAt();
  for (const text of ["", "{", "[]", '{"state":"gone"}', '{"state":"gone","by":1,"filters":[],"saidAtMs":1}'])
    expect(roster.note(`hotdir/q/hosts/${other}`, Buffer.from(text))).toBe(true);
  expect(roster.note("hotdir/q/hosts/../../x", Buffer.from(JSON.stringify(entry("gone", other))))).toBe(true);
  expect(roster.note("hotdir/other/hosts/ba9876543210", Buffer.from("{}"))).toBe(false);
  expect(roster.orphans).toEqual([]);
});
