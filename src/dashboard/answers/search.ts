import { isoMs, pathFields } from "../../daemon/json/fields.ts";
import type { Database } from "../../flow/ledger/database.ts";
import { flowId } from "../../flow/ledger/flows.ts";
import { knownPath, newestPathsWith, pathsBeginning } from "../../flow/ledger/path-search.ts";
import type { FlowSettings } from "../../flow/settings.ts";
import { type AbsPath, below, type Bytes, bytesOfText, type RelPath } from "../../kernel/path.ts";

const SHOWN_MAX = 20;

/** What a person may mean: the beginning of a path, absolute or relative to a source; else a name among the newest. */
export function search(db: Database, settings: readonly FlowSettings[], text: string): object {
  const typed = bytesOfText(text);
  const found = settings.flatMap((flow) => {
    const id = flowId(db, flow.name);
    if (id === null) return [];
    const prefix = prefixIn(typed, flow.source.root);
    const begins = prefix === null ? [] : pathsBeginning(db, id, prefix, SHOWN_MAX);
    const names = begins.length >= SHOWN_MAX || typed.startsWith("/") ? [] : newestPathsWith(db, id, typed, SHOWN_MAX);
    return [...new Set([...begins, ...names])].slice(0, SHOWN_MAX).map((path) => hit(db, id, flow.name, path));
  });
  return { query: text, found, whole: found.length < SHOWN_MAX };
}

function prefixIn(typed: Bytes, root: AbsPath): Bytes | null {
  if (!typed.startsWith("/")) return typed.replace(/^\.\//, "") as Bytes;
  return below(root, typed as AbsPath);
}

function hit(db: Database, id: number, flow: string, path: RelPath): object {
  const known = knownPath(db, id, path);
  return {
    flow,
    ...pathFields(path),
    state: known?.state ?? null,
    size: known?.sizeBytes ?? null,
    seen_at: known === null ? null : isoMs(known.seenAtMs),
    ended_at: known === null || known.endedAtMs === null ? null : isoMs(known.endedAtMs),
  };
}
