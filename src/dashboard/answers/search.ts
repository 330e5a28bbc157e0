import { isoMs, pathFields } from "../../kernel/json-fields.ts";
import type { Database } from "../../flow/ledger/database.ts";
import { type FlowId, flowId } from "../../flow/ledger/flows.ts";
import { knownPath, newestPathsWith, pathsBeginning } from "../../flow/ledger/path-search.ts";
import type { FlowSettings } from "../../flow/settings.ts";
import { type AbsPath, below, type Bytes, bytesOfText, type RelPath } from "../../kernel/path.ts";

const SHOWN_MAX = 20;

/** What a person may mean: the beginning of a path, absolute or relative to a source; else a name among the newest. */
export function search(db: Database, settings: readonly FlowSettings[], text: string): object {
  const typed = bytesOfText(text);
  const found = new Map<string, object>();
  const add = (id: FlowId, flow: string, path: RelPath): void => {
    const key = `${id}/${path}`;
    if (!found.has(key) && found.size < SHOWN_MAX) found.set(key, hit(db, id, flow, path));
  };
  const flows = new Map<FlowId, string>();
  for (const flow of settings) {
    const id = flowId(db, flow.name);
    if (id === null) continue;
    flows.set(id, flow.name);
    const prefix = prefixIn(typed, flow.source.root);
    if (prefix !== null) for (const path of pathsBeginning(db, id, prefix, SHOWN_MAX)) add(id, flow.name, path);
  }
  if (found.size < SHOWN_MAX && !typed.startsWith("/"))
    for (const { flow, path } of newestPathsWith(db, typed, SHOWN_MAX * 4)) {
      // A flow that is in the configuration no more has no story to tell.
      const name = flows.get(flow);
      if (name !== undefined) add(flow, name, path);
    }
  return { query: text, found: [...found.values()], whole: found.size < SHOWN_MAX };
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
