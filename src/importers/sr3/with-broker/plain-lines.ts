import type { NativeEntry } from "../../native-document.ts";
import type { At } from "../../remark.ts";

/** An accept or reject line that says nothing but its pattern. `pattern` null: it matches everything. */
export type PlainLine = { accepts: boolean; pattern: string | null; at: At };

export type PlainSelection = { entries: NativeEntry[]; members: ReadonlyMap<string, readonly At[]> };

/**
 * Lines whose files all go to the same place, as `accept` and `reject`, of which reject wins. `guarded`: also where an accept line stands
 * above a reject line, which then must not match what that does; null: where it does and they are not, or it cannot be written so.
 */
export function plainSelection(lines: readonly PlainLine[], unmatchedAccepted: boolean, guarded: boolean): PlainSelection | null {
  const last = lines.find(({ pattern }) => pattern === null);
  const takesRest = last?.accepts ?? unmatchedAccepted;
  const members = new Map<string, readonly At[]>();
  const accept: string[] = [];
  const reject: string[] = [];
  for (const { accepts, pattern, at } of lines) {
    if (pattern === null) break;
    if (!accepts && accept.length > 0 && (!guarded || /\\[1-9]/.test(pattern))) return null;
    const guard = accepts || accept.length === 0 ? "" : `(?!${accept.map((one) => `(?:${one})`).join("|")})`;
    const written = guard === "" ? pattern : `${guard}(?:${pattern})`;
    (accepts ? accept : reject).push(written);
    members.set(written, [...(members.get(written) ?? []), at]);
  }
  const list = (key: string, value: string[]): NativeEntry[] => (value.length === 0 ? [] : [{ key, value: [...new Set(value)] }]);
  return { entries: [...list("accept", takesRest ? [] : accept), ...list("reject", reject)], members };
}
