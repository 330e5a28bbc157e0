import { lstatSync, statSync } from "node:fs";
import { rejection } from "../flow/admit/filter.ts";
import { flowId, haltReason } from "../flow/ledger/flows.ts";
import type { Database } from "../flow/ledger/database.ts";
import { clockSkewMs } from "../flow/ledger/meta.ts";
import { namedFile } from "../flow/ledger/named-files.ts";
import { type QueuePlace, queuePlace } from "../flow/ledger/queue-place.ts";
import { type Story, storyOf } from "../flow/ledger/story.ts";
import { type FlowSettings, followsLinks } from "../flow/settings.ts";
import { type Version, versionOf } from "../flow/version.ts";
import { systemClock } from "../kernel/clock.ts";
import { errnoOf } from "../kernel/errors.ts";
import { type AbsPath, fsPath, join, type RelPath } from "../kernel/path.ts";
import type { LiveFlow, LiveStatus } from "./control-protocol.ts";
import { nextStep } from "./next-step.ts";
import { type SetFacts, setsOfPath } from "./set-facts.ts";
import { setMoment } from "./status-facts.ts";
import { type FollowedFacts, followedFacts } from "./table-facts.ts";

/** The story of one path in one flow. */
export type ExplainFacts = {
  flow: string;
  path: RelPath;
  /** null: none is known of, since only rows say which it is, and none says it. */
  file: AbsPath | null;
  /** Now in the source. */
  source: SourceNow;
  flowState: { state: LiveFlow["state"]; reason: string | null };
  story: Story;
  /** The row of a table that the newest transfer follows; null: none. */
  row: FollowedFacts | null;
  /** The sets of files that it is in, is itself, or is the manifest of. */
  sets: SetFacts[];
  /** Ledger time (steady) minus wall time, so that what falls due can be told by the wall's clock. */
  skewMs: number;
  /** What happens next, in a sentence. */
  next: string;
};

export type SourceNow =
  | { kind: "file"; version: Version }
  | { kind: "directory" | "symlink" | "other" | "absent" }
  | { kind: "unreadable"; code: string };

/** What a next step rests on. `nowSteady`: on the ledger's clock. */
export type Prospect = {
  settings: FlowSettings;
  path: RelPath;
  source: SourceNow;
  rejected: string | null;
  running: boolean;
  flowState: ExplainFacts["flowState"];
  story: Story;
  place: QueuePlace | null;
  sending: { sentBytes: number; sizeBytes: number; startedAtMs: number } | null;
  nowMs: number;
  nowSteady: number;
};

/** With and without a daemon, and also for a path that nobody ever saw. */
export function explainFacts(parts: { settings: FlowSettings; path: RelPath; db: Database | null; live: LiveStatus | null }): ExplainFacts {
  const { settings, path, db } = parts;
  const id = db === null ? null : flowId(db, settings.name);
  const clock = systemClock(db === null ? 0 : clockSkewMs(db));
  const live = parts.live?.flows.find((flow) => flow.name === settings.name) ?? null;
  const story: Story = db === null || id === null ? { transfers: [], leftOut: 0 } : storyOf(db, id, path);
  const last = story.transfers.at(-1);
  const halted = db === null || id === null ? null : haltReason(db, id);
  const flowState =
    live === null
      ? { state: halted === null ? ("stopped" as const) : ("halted" as const), reason: halted }
      : { state: live.state, reason: live.reason };
  const named = db === null || last === undefined ? null : namedFile(db, last.id);
  const row = followedFacts(settings, db, last?.id);
  const ofPath = settings.source.kind === "table" ? null : join(settings.source.root, path);
  const file = named?.path ?? row?.now?.file ?? ofPath;
  const source: SourceNow = file === null ? { kind: "absent" } : lookNow(file, named !== null || followsLinks(settings.source));
  const prospect: Prospect = {
    settings,
    path,
    source,
    rejected: rejection(path, settings.source),
    running: live !== null,
    flowState,
    story,
    place: db !== null && id !== null && last?.state === "queued" ? queuePlace(db, id, last) : null,
    sending: live?.active.find((active) => active.transfer === last?.id) ?? null,
    nowMs: clock.wall(),
    nowSteady: clock.steady(),
  };
  const { completion } = settings;
  const sets =
    db === null || id === null || completion === null
      ? []
      : setsOfPath({ db, flow: id, completion, moment: setMoment(db, parts.live?.sinceMs ?? null) }, path);
  return {
    flow: settings.name,
    path,
    file,
    source,
    flowState,
    story,
    row,
    sets,
    skewMs: clock.steady() - clock.wall(),
    next: nextStep(prospect),
  };
}

/** `follow`: a symlink is what it leads to, unless that is a directory or nothing. */
function lookNow(file: AbsPath, follow: boolean): SourceNow {
  try {
    const itself = lstatSync(fsPath(file), { bigint: true });
    const target = follow && itself.isSymbolicLink() ? statSync(fsPath(file), { bigint: true, throwIfNoEntry: false }) : undefined;
    const stat = target?.isFile() === true ? target : itself;
    if (stat.isFile()) return { kind: "file", version: versionOf(stat) };
    return { kind: stat.isDirectory() ? "directory" : stat.isSymbolicLink() ? "symlink" : "other" };
  } catch (error) {
    const code = errnoOf(error) ?? "unknown";
    return code === "ENOENT" || code === "ENOTDIR" ? { kind: "absent" } : { kind: "unreadable", code };
  }
}
