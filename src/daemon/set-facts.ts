import { SetPaths } from "../flow/completion/set-paths.ts";
import { type SetMoment, wholenessOf } from "../flow/completion/standing.ts";
import { newest } from "../flow/ledger/admissions.ts";
import type { Database } from "../flow/ledger/database.ts";
import { countSets, type FileSet, openSets, setAt, setById } from "../flow/ledger/file-sets.ts";
import type { FlowId } from "../flow/ledger/flows.ts";
import { manifestOf, setOfManifest } from "../flow/ledger/manifests.ts";
import { COUNTED_MAX, countWaits, type Wait, waitsOf } from "../flow/ledger/set-waits.ts";
import type { StateName } from "../flow/ledger/states.ts";
import type { CompletionSettings } from "../flow/settings.ts";
import type { RelPath } from "../kernel/path.ts";

/** How far one set of files is. */
export type SetFacts = {
  path: RelPath;
  seenAtMs: number;
  /** Why it is not whole yet; null: no more files are expected in it. */
  notWhole: string | null;
  /** What it waits for, dead letters first; `count` of `atLeast` are not counted on. */
  waits: { first: Wait[]; count: number; atLeast: boolean };
  /** null: it has none yet. `state`: of its transfer; null: it is being written. */
  manifest: { path: RelPath; madeAtMs: number; members: number; state: StateName | null; late: number } | null;
};

/** The sets of a flow: how many there are, and the first that wait. */
export type CompletionFacts = { open: number; complete: number; sets: SetFacts[] };

type Asked = { db: Database; flow: FlowId; completion: CompletionSettings; moment: SetMoment };

const SETS_TOLD = 8;
const WAITS_TOLD = 5;

export function completionFacts(asked: Asked): CompletionFacts {
  const { db, flow } = asked;
  return { ...countSets(db, flow), sets: openSets(db, flow, "", SETS_TOLD).map((set) => factsOf(asked, set)) };
}

/** The sets that a path is in, is itself, or is the manifest of. */
export function setsOfPath(asked: Asked, path: RelPath): SetFacts[] {
  const { db, flow, completion } = asked;
  const paths = new SetPaths(completion.sets);
  const known = [...paths.above(path), path].flatMap((directory) => setAt(db, flow, directory) ?? []);
  const told = setOfManifest(db, flow, path);
  const manifested = told === null ? null : setById(db, told);
  return [...known, ...(manifested === null ? [] : [manifested])].map((set) => factsOf(asked, set));
}

function factsOf({ db, flow, completion, moment }: Asked, set: FileSet): SetFacts {
  const manifest = set.decidedAtMs === null ? null : manifestOf(db, set.id);
  const standing = manifest === null ? wholenessOf(db, flow, set, completion.whole, moment) : null;
  const count = countWaits(db, set.id);
  return {
    path: set.path,
    seenAtMs: set.seenAtMs,
    notWhole: standing === null || standing.whole ? null : standing.why,
    waits: { first: waitsOf(db, set.id, WAITS_TOLD), count, atLeast: count >= COUNTED_MAX },
    manifest:
      manifest === null
        ? null
        : {
            path: manifest.path,
            madeAtMs: manifest.madeAtMs,
            members: manifest.members,
            state: newest(db, flow, manifest.path)?.state ?? null,
            late: set.late,
          },
  };
}
