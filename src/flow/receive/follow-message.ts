import { formatAttempt } from "../../kernel/readable.ts";
import { backoffDelayMs } from "../../kernel/backoff.ts";
import { never } from "../../kernel/errors.ts";
import { type RelPath, show } from "../../kernel/path.ts";
import { movesFiles } from "../guarantee.ts";
import type { Handled, Told } from "../bus.ts";
import * as admissions from "../ledger/admissions.ts";
import { recordMessage, transferOfMessage } from "../ledger/messages.ts";
import type { Change } from "../transfer.ts";
import { carriedBelow } from "./carried-below.ts";
import { type Batch, messageRowOf, type ReceiveContext, type Work } from "./batch.ts";
import { asAnnounced, type Place, relPathIn, type Routed } from "./places.ts";
import type { PendingMessage } from "./pending.ts";
import { routeOf } from "./route.ts";
import { type Wanted, wantedAsTold, wantedByMessage } from "./wanted.ts";

const GIVEN_BACK = "given back to the queue";

/** Where a message's change goes; a reason: it is not wanted. Pure. */
export function route({ source }: Pick<ReceiveContext, "source">, told: Told): Routed | { refused: string } {
  const { change, baseUrl, pubTimeNs } = told;
  const to = routeOf(source, { relPath: change.path, baseUrl, source: told.source, pubTimeNs });
  if (!to.ok) return { refused: to.reason };
  const path: Place = { relPath: change.path, path: to.path };
  if (change.kind !== "rename") return { change: { ...change, path: to.path }, path, from: null };
  const from = routeOf(source, { relPath: change.from, baseUrl, source: told.source, pubTimeNs });
  if (from.ok && from.path !== to.path)
    return { change: { ...change, path: to.path, from: from.path }, path, from: { relPath: change.from, path: from.path } };
  return { change: newNameOnly(change, to.path), path, from: null };
}

/** What came from where nothing is taken from, or stays where it is: as if it were new. */
function newNameOnly({ directory, version, mode }: Change & { kind: "rename" }, path: RelPath): Change {
  return directory || version === null ? { kind: "mkdir", path, mode } : { kind: "put", path, version, mode, links: 1 };
}

/** One message that is due: what it leads to is written; its answer comes with the end of that, or at once. */
export function followMessage(context: ReceiveContext, batch: Batch, work: Work & { kind: "message" }): void {
  const { db, flow, pending } = context;
  const { message, routed } = work;
  const { told, redelivered, returns } = message.received;
  const known = transferOfMessage(db, flow, messageRowOf(told));
  if (known !== null && (known.state === "queued" || known.state === "sending" || known.state === "settling")) {
    pending.attach(message, known.id);
    return attachToOldName(context, message, routed);
  }
  if (known?.state === "dead") {
    // A kill came between the ledger's word and the broker's; else a person has given it back.
    if (redelivered) return answer(batch, message, { outcome: "dead", reason: known.reason ?? "given up" });
    admissions.supersede(db, known.id, GIVEN_BACK, context.clock.wall());
  }
  const wanted = wantedNow(context, batch, work, redelivered || returns > 0 || known !== null);
  if (wanted !== null) act(context, batch, work, wanted, known !== null);
}

/** A rename can have led to two transfers. */
function attachToOldName({ db, flow, pending }: ReceiveContext, message: PendingMessage, { from }: Routed): void {
  if (from === null) return;
  const old = transferOfMessage(db, flow, { ...messageRowOf(message.received.told), relPath: from.relPath });
  if (old !== null && (old.state === "queued" || old.state === "sending")) pending.attach(message, old.id);
}

/** null: the look takes its time. */
function wantedNow(context: ReceiveContext, batch: Batch, work: Work & { kind: "message" }, begun: boolean): Wanted | null {
  const { change, path, from } = work.routed;
  const { source, settings, looks, clock } = context;
  const { told } = work.message.received;
  const { propagate } = source;
  if (!movesFiles(settings)) return wantedAsTold(change, propagate);
  const isHere = looks.isHere(told.baseUrl);
  const isRemoval = change.kind === "delete" || change.kind === "rmdir";
  // What is fetched is looked at by fetching it; what the message holds, of a machine that is not this one, nobody need look at.
  if (!isHere && !begun && !isRemoval) return wantedAsTold(change, propagate);
  if (isHere && told.content !== null && !looks.isKnownHere(told.baseUrl)) return wantedAsTold(change, propagate);
  const looked = batch.look(context, work, told.baseUrl, { path, from });
  if (looked === null) return null;
  const now = isHere ? looked : asAnnounced(looked, change, told);
  const nowMs = clock.wall();
  const toldMsAgo = nowMs - Number(told.pubTimeNs / 1_000_000n);
  return wantedByMessage(change, now, { propagate, nowMs, toldMsAgo, begun, retains: settings.retain.kind !== "keep" });
}

function act(context: ReceiveContext, batch: Batch, work: Work & { kind: "message" }, wanted: Wanted, seenBefore: boolean): void {
  const { message, routed } = work;
  const { told, redelivered, returns } = message.received;
  switch (wanted.want) {
    case "changes": {
      const by = { message: messageRowOf(told), failures: returns, adopt: redelivered || returns > 0, seenBefore };
      const named = wanted.changes.map((change) => ({ change, relPath: relPathIn(routed, change.path) }));
      const changes =
        told.allBelow && movesFiles(context.settings) ? [...named, ...carriedBelow(context, batch.local, told, routed)] : named;
      const waitFor = batch.admit(context, changes, by);
      for (const transfer of waitFor) context.pending.attach(message, transfer);
      if (waitFor.length === 0) answer(batch, message, { outcome: "done" });
      return;
    }
    case "nothing":
      if (!seenBefore) ignore(context, told, routed, wanted.reason);
      return answer(batch, message, { outcome: "done" });
    case "wait":
      batch.putOff.push({ ...work, now: null });
      return;
    case "source-back":
      batch.sourceLost = wanted.reason;
      return;
    case "fail":
      return answer(batch, message, failed(context, message, routed, wanted.reason));
    default:
      never(wanted);
  }
}

/** Once for each message, so that `explain` can tell why. */
function ignore({ db, flow, clock, log }: ReceiveContext, told: Told, { change }: Routed, reason: string): void {
  const id = admissions.recordIgnored(db, flow, change, clock.wall(), reason);
  recordMessage(db, flow, id, messageRowOf(told));
  log.debug(`${change.kind} ${show(change.path)}: ${reason}`);
}

/** It counts: the message comes again to any host, and is a dead letter in the end. */
function failed(context: ReceiveContext, message: PendingMessage, { change }: Routed, reason: string): Handled {
  const { db, flow, clock, settings, log } = context;
  const { told, returns } = message.received;
  const failures = returns + 1;
  if (failures < settings.retry.attemptsMax) {
    const afterMs = backoffDelayMs(settings.retry.backoff, failures);
    log.warn(
      `${show(change.path)}: ${reason}; its message comes again in ${(afterMs / 1000).toFixed(1)} s (${formatAttempt(failures + 1, settings.retry.attemptsMax)})`,
    );
    return { outcome: "again", afterMs, reason, counted: true };
  }
  const known = admissions.newest(db, flow, change.path);
  if (known !== null && known.state === "queued" && known.kind === change.kind) admissions.supersede(db, known.id, reason, clock.wall());
  const id = admissions.recordDead(db, flow, change, clock.wall(), "source-unreadable", reason);
  recordMessage(db, flow, id, messageRowOf(told));
  log.error(`${show(change.path)}: dead letter: ${reason}; 'hotdir retry ${show(change.path)}' gives it back to the queue`);
  return { outcome: "dead", reason };
}

export function answer(batch: Batch, message: PendingMessage, handled: Handled): void {
  batch.afterwards.push(() => message.answer(handled));
}
