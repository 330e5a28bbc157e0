import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import { redact } from "../../kernel/redact.ts";
import { overText } from "./conditions.ts";
import type { AlertKind, Due, Entry, Firing } from "./decide.ts";

/** What people get. Fields may be added, not renamed (docs/guide). */
export type Message = {
  /** The same for a message that is sent once more, since it may not have arrived. */
  id: string;
  at: string;
  host: string;
  /** One line, which chat programs show. */
  text: string;
  firing: Array<{ alert: AlertKind; flow: string; summary: string; since: string; again: boolean; times: number }>;
  resolved: Array<{ alert: AlertKind; flow: string; summary: string; since: string; until: string }>;
};

const SHOWN_MAX = 3;
const TEXT_MAX = 1000;

export function composeMessage(due: Due, from: { id: string; host: string; wall: WallMs; steady: SteadyMs }): Message {
  const iso = (at: SteadyMs): string => new Date(from.wall - Math.max(0, from.steady - at)).toISOString();
  const firing = due.firing.map(({ entry, kind }) => ({
    alert: entry.alert,
    flow: entry.flow,
    summary: redact(entry.summary),
    since: iso(entry.since),
    again: kind !== "new" || entry.told !== null,
    times: Math.max(1, entry.times),
  }));
  const resolved = due.resolved.map((entry) => ({
    alert: entry.alert,
    flow: entry.flow,
    summary: overText(entry.flow, entry.alert),
    since: iso(entry.since),
    until: iso(entry.changed),
  }));
  return { id: from.id, at: new Date(from.wall).toISOString(), host: from.host, text: textOf(due, from.host), firing, resolved };
}

function textOf(due: Due, host: string): string {
  const said = [...due.firing.map(firingText), ...due.resolved.map((entry: Entry) => `resolved: ${overText(entry.flow, entry.alert)}`)];
  const more = said.length > SHOWN_MAX ? `; and ${said.length - SHOWN_MAX} more` : "";
  const text = redact(`hotdir on ${host}: ${said.slice(0, SHOWN_MAX).join("; ")}${more}`);
  // A line of a chat or a mail's subject; nothing in it can forge another.
  return text.replaceAll(/[\p{C}\u2028\u2029]+/gu, " ").slice(0, TEXT_MAX);
}

function firingText({ entry, kind }: Firing): string {
  const how =
    kind === "lasts" ? "still: " : kind === "new" && entry.told !== null && entry.times > 1 ? `again, ${entry.times} times: ` : "";
  return `${how}${entry.summary}`;
}
