import { formatAge, formatMany } from "../../kernel/readable.ts";
import { redact } from "../../kernel/redact.ts";
import type { Ending } from "../../service/record.ts";
import { describeEnding } from "../../service/running.ts";
import type { Standing } from "../../service/standing.ts";

const ENDINGS_SHOWN = 5;
const RECENT_MS = 24 * 3600_000;

/** How the supervisor stands; null: there is none, and nothing that it left needs to be told. */
export function supervisionText({ supervisor, record, wanted }: Standing, nowMs: number): string | null {
  const ending = record?.endings.at(-1);
  if (supervisor === null) {
    if (wanted?.wanted !== true) return null;
    return "It is wanted, and its supervisor does not run: 'hotdir sanity' starts it, and tells why not if it cannot.";
  }
  const recent = record === null ? [] : record.endings.filter(({ at }) => nowMs - Date.parse(at) < RECENT_MS);
  const why = ending === undefined ? "" : describeEnding(ending, nowMs);
  if (record?.state === "waiting" && record.nextStart !== null)
    return redact(
      `Its supervisor, process ${supervisor.pid}, starts it again in ${formatAge(Date.parse(record.nextStart) - nowMs)}: ${why}.`,
    );
  const restarts = recent.length === 0 ? "" : `; ${formatMany(recent.length, "restart")} in the last day, the last: ${why}`;
  return redact(`Its supervisor is process ${supervisor.pid}${restarts}.`);
}

/** The public shape (docs/reference/json.md); null where no supervisor ever ran. */
export function supervisionJson({ supervisor, record, wanted }: Standing): object | null {
  if (supervisor === null && record === null) return null;
  return {
    running: supervisor !== null,
    pid: supervisor?.pid ?? null,
    since: supervisor === null ? null : (record?.since ?? null),
    wanted: wanted?.wanted === true,
    state: supervisor === null ? "ended" : (record?.state ?? "starting"),
    next_start: supervisor === null ? null : (record?.nextStart ?? null),
    endings: (record?.endings ?? []).slice(-ENDINGS_SHOWN).map(endingJson),
  };
}

function endingJson({ at, livedMs, reason, status, signal, lastWords }: Ending): object {
  return { at, lived_s: livedMs / 1000, reason, status, signal, last_words: lastWords.map((line) => redact(line)) };
}
