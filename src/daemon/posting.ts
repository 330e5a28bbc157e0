import { opendir } from "node:fs/promises";
import { Admission } from "../flow/admit/admission.ts";
import type { Sighting } from "../flow/detect/contract.ts";
import { lookAtPath } from "../flow/detect/look-at-path.ts";
import { newest } from "../flow/ledger/admissions.ts";
import type { Database } from "../flow/ledger/database.ts";
import { registerFlow, tallyOf } from "../flow/ledger/flows.ts";
import { revive } from "../flow/ledger/outcomes.ts";
import { nameIn, Standing } from "../flow/read/standing.ts";
import { describePlace } from "../flow/place-name.ts";
import { type FlowSettings, followsLinks } from "../flow/settings.ts";
import type { Clock } from "../kernel/clock.ts";
import { errnoName } from "../kernel/native.ts";
import { type AbsPath, below, type Bytes, join, nameOf, parentOf, type RelPath } from "../kernel/path.ts";
import type { PostAnswer } from "./control-protocol.ts";

const BATCH = 256;

/** Where sightings of a flow go: its running self, or just the ledger. */
export type PostTarget = { settings: FlowSettings; admit: (sightings: Sighting[]) => void };

/** Without a daemon: the ledger takes the posts, and the next daemon sends them. The caller owns the state directory. */
export function ledgerTarget(db: Database, settings: FlowSettings, clock: Clock): PostTarget {
  const id = registerFlow(db, { name: settings.name, root: settings.source.root, destination: describePlace(settings.destination) });
  const admission = new Admission(db, id, settings, clock);
  return { settings, admit: (sightings) => void admission.admit(sightings) };
}

/**
 * Queues files and whole trees by name. What was delivered already in this very version is not sent
 * again; a dead letter that is named is tried again. Durable when it resolves.
 */
export async function post(
  db: Database,
  targets: PostTarget[],
  request: { flow: string | null; paths: AbsPath[] },
  clock: Clock,
): Promise<PostAnswer> {
  const answer: PostAnswer = { queued: 0, settling: 0, known: 0, ignored: 0, revived: 0, missing: [], outside: [] };
  for (const path of request.paths) {
    const target = targetOf(targets, request.flow, path);
    const found = target === null ? "outside" : await postTree(db, target, clock, answer);
    if (found !== "found") answer[found].push(path);
  }
  return answer;
}

/** The named flow, or the one with the deepest source around the path. */
function targetOf(targets: PostTarget[], flow: string | null, path: AbsPath): { target: PostTarget; rel: RelPath | "" } | null {
  const within = targets
    // What comes by messages, or by the rows of a table, is named by them alone: its path at the destination need not be its path here.
    .filter(
      ({ settings }) =>
        settings.source.kind !== "subscribed" && settings.source.kind !== "table" && (flow === null || settings.name === flow),
    )
    .flatMap((target) => {
      const { root } = target.settings.source;
      const rel = path === root ? ("" as const) : below(root, path);
      return rel === null ? [] : [{ target, rel }];
    });
  within.sort((a, b) => b.target.settings.source.root.length - a.target.settings.source.root.length);
  return within[0] ?? null;
}

async function postTree(
  db: Database,
  { target, rel }: { target: PostTarget; rel: RelPath | "" },
  clock: Clock,
  answer: PostAnswer,
): Promise<"found" | "missing" | "outside"> {
  using standing = new Standing(target.settings.source.root);
  const there = standing.stand(rel === "" ? "" : parentOf(rel));
  // What lies behind a symlink is somewhere else, and is named by where it is.
  if (there < 0) return errnoName(there) === "ELOOP" ? "outside" : "missing";
  let batch: Sighting[] = [];
  let found = rel === "";
  const within = { standing, follow: followsLinks(target.settings.source) };
  for await (const sighting of rel === "" ? walkInside(within, "") : walk(within, rel)) {
    found = true;
    batch.push(sighting);
    if (batch.length < BATCH) continue;
    admit(db, target, batch, clock, answer);
    batch = [];
  }
  admit(db, target, batch, clock, answer);
  return found ? "found" : "missing";
}

function admit(db: Database, target: PostTarget, sightings: Sighting[], clock: Clock, answer: PostAnswer): void {
  if (sightings.length === 0) return;
  const id = registerFlow(db, {
    name: target.settings.name,
    root: target.settings.source.root,
    destination: describePlace(target.settings.destination),
  });
  db.transaction(() => {
    const dead = sightings.flatMap((sighting) => {
      const known = newest(db, id, sighting.path);
      return known?.state === "dead" ? [known.id] : [];
    });
    answer.revived += revive(db, dead, clock.steady());
    const before = tallyOf(db, id);
    target.admit(sightings);
    const after = tallyOf(db, id);
    const recorded = after.seen - before.seen;
    answer.settling += Math.max(0, after.settling - before.settling);
    answer.queued += Math.max(0, recorded - Math.max(0, after.settling - before.settling) - (after.ignored - before.ignored));
    answer.ignored += after.ignored - before.ignored;
    answer.known += sightings.length - recorded;
  });
}

type Within = { standing: Standing; follow: boolean };

async function* walk(within: Within, path: RelPath): AsyncGenerator<Sighting> {
  const parent = within.standing.stand(parentOf(path));
  if (parent < 0) return;
  const sighting = lookAtPath(nameIn(parent, nameOf(path)), path, within.follow);
  if (sighting.kind === "gone") return;
  yield sighting;
  if (sighting.kind === "directory") yield* walkInside(within, path);
}

/** The listing keeps a descriptor of its own; where one goes on from it is found from the root again. */
async function* walkInside(within: Within, directory: RelPath | ""): AsyncGenerator<Sighting> {
  const here = within.standing.stand(directory);
  // It went, or a symlink took its place, since it was seen.
  if (here < 0) return;
  for await (const entry of await opendir(nameIn(here, "." as Bytes), { encoding: "latin1" as BufferEncoding }))
    yield* walk(within, join(directory as RelPath, entry.name as Bytes));
}
