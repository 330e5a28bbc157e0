import * as z from "zod";
import type { SteadyMs } from "../../kernel/clock.ts";

/**
 * What is to be told, and when. For each alert of each flow it is remembered since when it holds and what was told of
 * it; a message gathers all that is news. Times are of the ledger's steady clock, so a clock that is set makes no storm.
 */

export const alertKinds = ["waiting", "halted", "freshness", "dead-letter", "low-space"] as const;
export type AlertKind = (typeof alertKinds)[number];

/** Something is wrong now. It counts from when it has held for `afterMs`. `amount`: more of it is news. */
export type Condition = { flow: string; alert: AlertKind; summary: string; afterMs: number; amount: number };

/** One look at all flows. What is not watched is forgotten; of what is unknown now, the last that was known stays. */
export type Look = { conditions: Condition[]; watched: ReadonlySet<string>; unknown: ReadonlySet<string> };

export function keyOf(flow: string, alert: AlertKind): string {
  return `${flow}/${alert}`;
}

const moment = z.number();
export const Entry = z.strictObject({
  flow: z.string(),
  alert: z.enum(alertKinds),
  summary: z.string(),
  afterMs: z.number(),
  amount: z.number(),
  holds: z.boolean(),
  /** Since when it holds, or held last, but for gaps shorter than the group's time. */
  since: moment,
  /** When it last came or went. */
  changed: moment,
  /** How often it came since it was last told. */
  times: z.number().int(),
  told: z.strictObject({ holds: z.boolean(), at: moment, amount: z.number() }).nullable(),
  /** It was in a message that may not have arrived: its end is worth telling. */
  tried: z.boolean(),
});
export type Entry = z.infer<typeof Entry>;

/** `serial`: of the next message. `notBefore`: no message is sent earlier. */
export const AlertState = z.strictObject({
  entries: z.record(z.string(), Entry),
  serial: z.number().int(),
  failures: z.number().int(),
  notBefore: moment,
});
export type AlertState = z.infer<typeof AlertState>;

export const nothingTold: AlertState = { entries: {}, serial: 1, failures: 0, notBefore: 0 };

export type Pace = { groupMs: number; repeatMs: number };

/** `kind`: `new`, `more` of it, or a reminder of what `lasts`. */
export type Firing = { entry: Entry; kind: "new" | "more" | "lasts" };
export type Due = { firing: Firing[]; resolved: Entry[] };

/** What comes and goes is told again after so many times the group's time. */
const CALM_GROUPS = 20;

export function calmMs({ groupMs }: Pace): number {
  return groupMs * CALM_GROUPS;
}

/** Takes in how things stand now. */
export function observe(state: AlertState, look: Look, pace: Pace, now: SteadyMs): AlertState {
  const entries: Record<string, Entry> = {};
  for (const [key, entry] of Object.entries(state.entries)) {
    if (!look.watched.has(key)) continue;
    const kept = settle(entry, look.unknown.has(key), pace, now);
    if (kept !== null) entries[key] = kept;
  }
  for (const condition of look.conditions) {
    const key = keyOf(condition.flow, condition.alert);
    const known = entries[key];
    // What was known of it may just have been forgotten: then it is over and comes anew.
    const before = known === undefined ? undefined : state.entries[key];
    entries[key] = before === undefined ? begin(condition, now) : goOn(before, condition, pace, now);
  }
  return { ...state, entries };
}

/** An entry whose condition does not hold now, unless that is unknown. null: nothing of it matters any more. */
function settle(entry: Entry, unknown: boolean, pace: Pace, now: SteadyMs): Entry | null {
  if (unknown) return entry;
  const over = entry.holds ? { ...entry, holds: false, changed: now } : entry;
  if (isNews(over) || now - over.changed < pace.groupMs) return over;
  return over.told !== null && now - over.told.at < calmMs(pace) ? over : null;
}

function begin(condition: Condition, now: SteadyMs): Entry {
  return { ...condition, holds: true, since: now, changed: now, times: 1, told: null, tried: false };
}

function goOn(entry: Entry, condition: Condition, pace: Pace, now: SteadyMs): Entry {
  if (entry.holds) return { ...entry, ...condition };
  const shortGap = now - entry.changed < pace.groupMs;
  return { ...entry, ...condition, holds: true, changed: now, since: shortGap ? entry.since : now, times: entry.times + 1 };
}

/** Whether its end has to be told. */
function isNews(entry: Entry): boolean {
  return !entry.holds && (entry.told?.holds === true || entry.tried);
}

/** The message that is due now; null: none. Everything that is news is in it, so that what follows is rare. */
export function messageDue(state: AlertState, pace: Pace, now: SteadyMs): Due | null {
  if (now < state.notBefore) return null;
  const entries = Object.values(state.entries);
  const isRipe = entries.some((entry) => (entry.holds ? firingAt(entry, pace, 0) : resolvedAt(entry, pace)) <= now);
  if (!isRipe) return null;
  return {
    firing: entries.flatMap((entry) => (entry.holds && firingAt(entry, pace, pace.groupMs) <= now ? [{ entry, kind: kindOf(entry) }] : [])),
    resolved: entries.filter((entry) => !entry.holds && resolvedAt(entry, pace) <= now),
  };
}

/** When it is to be told that it holds. `early`: so much before its own time it goes with others. */
function firingAt(entry: Entry, pace: Pace, early: number): SteadyMs {
  const { told, since, afterMs } = entry;
  const grouped = since + Math.max(afterMs, pace.groupMs - early);
  if (told === null) return grouped;
  if (!told.holds) return Math.max(grouped, told.at + calmMs(pace));
  return told.at + (entry.amount > told.amount ? Math.min(calmMs(pace), pace.repeatMs) : pace.repeatMs);
}

/** When it is to be told that it is over: once it has been for the group's time. */
function resolvedAt(entry: Entry, pace: Pace): SteadyMs {
  return isNews(entry) ? entry.changed + pace.groupMs : Infinity;
}

function kindOf({ told, amount }: Entry): Firing["kind"] {
  if (told?.holds !== true) return "new";
  return amount > told.amount ? "more" : "lasts";
}

/** The message was taken. */
export function markTold(state: AlertState, message: Due, pace: Pace, now: SteadyMs): AlertState {
  const entries = { ...state.entries };
  for (const { entry } of message.firing) entries[keyOf(entry.flow, entry.alert)] = tellEntry(state, entry, true, now);
  for (const entry of message.resolved) entries[keyOf(entry.flow, entry.alert)] = tellEntry(state, entry, false, now);
  return { entries, serial: state.serial + 1, failures: 0, notBefore: now + pace.groupMs };
}

/** What came or went while the message was under way stays as it is now. */
function tellEntry(state: AlertState, sent: Entry, holds: boolean, now: SteadyMs): Entry {
  const current = state.entries[keyOf(sent.flow, sent.alert)] ?? sent;
  return { ...current, times: current.times - sent.times, told: { holds, at: now, amount: sent.amount }, tried: false };
}

/** It may not have arrived: it is composed anew after a while, of what is true then. */
export function markFailed(state: AlertState, message: Due, waitMs: number, now: SteadyMs): AlertState {
  const entries = { ...state.entries };
  for (const { entry } of message.firing) {
    const key = keyOf(entry.flow, entry.alert);
    const current = entries[key];
    if (current !== undefined) entries[key] = { ...current, tried: true };
  }
  return { ...state, entries, failures: state.failures + 1, notBefore: now + waitMs };
}
