import { isoMs, pathFields } from "../../kernel/json-fields.ts";
import type { SetFacts } from "../set-facts.ts";
import { setStory } from "../set-story.ts";

export function setJson(flow: string, facts: SetFacts): object {
  const { waits, manifest } = facts;
  const { path: set, path_bytes: setBytes } = pathFields(facts.path);
  return {
    set,
    ...(setBytes === undefined ? {} : { set_bytes: setBytes }),
    seen_at: isoMs(facts.seenAtMs),
    whole: facts.notWhole === null,
    waits_for: waits.count,
    waits: waits.first.map(({ transfer, path, kind, state, code, reason }) => ({
      transfer,
      ...pathFields(path),
      kind,
      state,
      code,
      reason,
    })),
    manifest:
      manifest === null
        ? null
        : {
            ...pathFields(manifest.path),
            made_at: isoMs(manifest.madeAtMs),
            members: manifest.members,
            state: manifest.state,
            late: manifest.late,
          },
    says: setStory(flow, facts),
  };
}
