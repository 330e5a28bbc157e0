import { never } from "../../kernel/errors.ts";
import { movesFiles } from "../guarantee.ts";
import * as admissions from "../ledger/admissions.ts";
import type { Told } from "../bus.ts";
import { isLookedAt, type MessageRow } from "../ledger/messages.ts";
import type { Batch, EndedTransfer, ReceiveContext, Work } from "./batch.ts";
import { goneAbove, strayBelow } from "./around.ts";
import { asAnnounced, type Places, placesOf, relPathIn } from "./places.ts";
import { leftToDo } from "./stands.ts";
import { isMirror } from "./wanted.ts";

/**
 * A transfer has come to its end: the source is looked at once more, and the messages that waited for it are answered only when
 * that finds nothing new. What is new is another transfer, and they wait for that.
 */
export function followEnd(context: ReceiveContext, batch: Batch, work: Work & { kind: "end" }): void {
  const { db, settings, source, clock, looks, pending } = context;
  const { end } = work;
  const movedDirectory = end.change.kind === "rename" && end.change.directory;
  if (end.kind === "superseded" && !movedDirectory && gaveWay(context, end)) return;
  const places = placesOf(context, end.id, end.change);
  if (places === null || !movesFiles(settings)) return done(context, batch, end);
  const { baseUrl, pubTimeNs } = places.row;
  const isHere = looks.isHere(baseUrl);
  // The message itself was the source.
  if (isHere && end.change.kind === "put" && !isLookedAt(end.change.version)) return done(context, batch, end);
  if (isHere && end.made && end.change.kind === "put" && looks.isStill(baseUrl, places.path, end.change.version, batch.local))
    return done(context, batch, end);
  const mayRemove = isHere && settings.retain.kind === "keep" && isMirror(source.propagate);
  if (movedDirectory && mayRemove && end.below === null && context.listBelow !== null) return list(context, batch, work, places);
  const looked = batch.look(context, work, baseUrl, places);
  if (looked === null) return;
  const now = isHere ? looked : asAnnounced(looked, end.change, { sizeKnown: end.sizeKnown, pubTimeNs });
  const facts = {
    propagate: source.propagate,
    nowMs: clock.wall(),
    tried: end.tried,
    made: end.made,
    retains: settings.retain.kind !== "keep",
  };
  const wanted = leftToDo(end.change, now, facts);
  switch (wanted.want) {
    case "changes":
    case "nothing": {
      const own = wanted.want === "changes" ? wanted.changes : [];
      const changes = own.map((change) => ({ change, relPath: relPathIn(places, change.path) }));
      if (mayRemove && end.tried && now.path.sighting.kind === "gone") changes.push(...goneAbove(context, batch, baseUrl, places));
      if (mayRemove && end.below !== null) changes.unshift(...strayBelow(context, batch, toldBy(context, places.row), places, end.below));
      const reason = "removed at the source before it was sent";
      if (changes.length === 0 && end.kind === "open" && now.path.sighting.kind === "gone")
        admissions.supersede(db, end.id, reason, clock.wall());
      const by = { message: places.row, failures: 0, adopt: true, seenBefore: true };
      const waitFor = batch.admit(context, changes, by).filter((id) => id !== end.id);
      if (waitFor.length === 0) return done(context, batch, end);
      pending.move(end.id, waitFor);
      return;
    }
    case "wait":
      batch.putOff.push({ ...work, now: null });
      return;
    case "source-back":
      batch.sourceLost = wanted.reason;
      return;
    case "fail": {
      const { maxMs } = settings.retry.backoff;
      batch.afterwards.push(() => pending.ended(end.id, { outcome: "again", afterMs: maxMs, reason: wanted.reason, counted: true }));
      return;
    }
    default:
      never(wanted);
  }
}

/** So often in a row the destination may not be asked; then the message goes back, and the rename is made once more. */
const LIST_TRIES = 5;
const LIST_AGAIN_MS = 10_000;

function list({ listBelow, pending }: ReceiveContext, batch: Batch, work: Work & { kind: "end" }, { path, from }: Places): void {
  const { end } = work;
  const again = {
    outcome: "again",
    afterMs: LIST_AGAIN_MS,
    reason: "what its directory took along is not known yet",
    counted: false,
  } as const;
  if (work.waits >= LIST_TRIES) return void batch.afterwards.push(() => pending.ended(end.id, again));
  const both = Promise.all([path, ...(from === null ? [] : [from])].map((place) => listBelow!(place.path)));
  batch.looking.push({ work, look: both.then((lists) => ({ ...work, end: { ...end, below: lists.flat() } })) });
}

function toldBy({ bus }: ReceiveContext, { baseUrl, pubTimeNs, body }: MessageRow): Pick<Told, "baseUrl" | "source" | "pubTimeNs"> {
  return { baseUrl, pubTimeNs, source: bus.read(body)?.source ?? null };
}

/** One that newer ones replaced is theirs to end. */
function gaveWay({ db, flow, pending }: ReceiveContext, { id, change }: EndedTransfer): boolean {
  const newest = admissions.newest(db, flow, change.path);
  if (newest === null || newest.id <= id || (newest.state !== "queued" && newest.state !== "sending")) return false;
  pending.move(id, [newest.id]);
  return true;
}

/** What is still open is answered at its own end. */
function done({ db, pending }: ReceiveContext, batch: Batch, end: EndedTransfer): void {
  if (end.kind === "open" && admissions.isOpen(db, end.id)) return;
  batch.afterwards.push(() => pending.ended(end.id, { outcome: "done" }));
}
