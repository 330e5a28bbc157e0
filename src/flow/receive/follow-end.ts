import { never } from "../../kernel/errors.ts";
import { movesFiles } from "../guarantee.ts";
import * as admissions from "../ledger/admissions.ts";
import { isLookedAt } from "../ledger/messages.ts";
import type { Batch, EndedTransfer, ReceiveContext, Work } from "./batch.ts";
import { asAnnounced, placesOf, relPathIn } from "./places.ts";
import { leftToDo } from "./stands.ts";

/**
 * A transfer has come to its end: the source is looked at once more, and the messages that waited for it are answered only when
 * that finds nothing new. What is new is another transfer, and they wait for that.
 */
export function followEnd(context: ReceiveContext, batch: Batch, work: Work & { kind: "end" }): void {
  const { db, settings, source, clock, looks, pending } = context;
  const { end } = work;
  if (end.kind === "superseded" && gaveWay(context, end)) return;
  const places = placesOf(context, end.id, end.change);
  if (places === null || !movesFiles(settings)) return done(context, batch, end);
  const { baseUrl, pubTimeNs } = places.row;
  const isHere = looks.isHere(baseUrl);
  // The message itself was the source.
  if (isHere && end.change.kind === "put" && !isLookedAt(end.change.version)) return done(context, batch, end);
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
    case "changes": {
      const by = { message: places.row, failures: 0, adopt: true, seenBefore: true };
      const changes = wanted.changes.map((change) => ({ change, relPath: relPathIn(places, change.path) }));
      const waitFor = batch.admit(context, changes, by).filter((id) => id !== end.id);
      if (waitFor.length === 0) return done(context, batch, end);
      pending.move(end.id, waitFor);
      return;
    }
    case "nothing": {
      const reason = "removed at the source before it was sent";
      if (end.kind === "open" && now.path.sighting.kind === "gone") admissions.supersede(db, end.id, reason, clock.wall());
      return done(context, batch, end);
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
