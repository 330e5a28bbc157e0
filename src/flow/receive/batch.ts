import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Bus, Told } from "../bus.ts";
import type { Database } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import type { MessageRow } from "../ledger/messages.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { Below } from "../send/list-below.ts";
import type { FlowSettings, SubscribedSource } from "../settings.ts";
import type { Change, TransferId } from "../transfer.ts";
import { type AdmitInto, admitChanges, type By, type WantedChange } from "./admit-message.ts";
import type { Away } from "./away.ts";
import type { Looks } from "./looks.ts";
import type { Places, Routed } from "./places.ts";
import type { Pending, PendingMessage } from "./pending.ts";
import type { LocalLooks } from "./source-look.ts";
import type { Now } from "./wanted.ts";

/** What following messages rests on. */
export type ReceiveContext = {
  db: Database;
  flow: FlowId;
  settings: FlowSettings;
  source: SubscribedSource;
  bus: Pick<Bus, "read">;
  clock: Clock;
  log: Log;
  looks: Looks;
  /** What is at the destination below a directory; null: nothing is kept there. */
  listBelow: ((directory: RelPath) => Promise<Below[]>) | null;
  pending: Pending;
  away: Away;
};

/**
 * A transfer whose source is to be looked at: it has ended, or (`open`) its source was found to be another than what it was to
 * send. `tried`: an attempt may have left something at the destination.
 */
export type EndedTransfer = {
  kind: "delivered" | "superseded" | "open";
  id: TransferId;
  change: Change;
  tried: boolean;
  /** The destination has what the change tells; false: that is for another transfer. */
  made: boolean;
  sizeKnown: boolean;
  /** Of a directory's rename: what was listed at the destination under both names; null: nothing was yet. */
  below: Below[] | null;
};

/** `now`: what a look found that took its time; null: it is looked now. `waits`: how often it had to be put off. */
export type Work = { now: Now | null; waits: number } & (
  | { kind: "message"; message: PendingMessage; routed: Routed }
  | { kind: "end"; end: EndedTransfer }
);

/** Many messages and ends are one transaction. What follows from them is done once that is durable. */
export class Batch {
  readonly local: LocalLooks;
  queued = 0;
  /** Answers to the broker. */
  readonly afterwards: Array<() => void> = [];
  readonly putOff: Work[] = [];
  readonly looking: Array<{ work: Work; look: Promise<Work> }> = [];
  sourceLost: string | null = null;

  constructor(local: LocalLooks) {
    this.local = local;
  }

  /** null: the look takes its time, and the work comes again with what it found. */
  look(context: ReceiveContext, work: Work, baseUrl: string, places: Places): Now | null {
    if (work.now !== null) return work.now;
    const now = context.looks.now(baseUrl, places, this.local);
    if (!(now instanceof Promise)) return now;
    this.looking.push({ work, look: now.then((found) => ({ ...work, now: found })) });
    return null;
  }

  /** Records changes, and lets whoever waited for what gave way wait for what came instead. Answers what is to be waited for. */
  admit(context: ReceiveContext, changes: readonly WantedChange[], by: By): TransferId[] {
    const { db, flow, clock, source, pending } = context;
    const into: AdmitInto = { db, flow, at: { wall: clock.wall(), steady: clock.steady() }, duplicatesMs: source.duplicatesMs };
    const { waitFor, replaced, queued } = admitChanges(into, changes, by);
    this.queued += queued;
    for (const { from, to } of replaced) pending.move(from, [to]);
    return waitFor;
  }
}

export function messageRowOf({ change, baseUrl, pubTimeNs, body }: Told): MessageRow {
  return { relPath: change.path, baseUrl, pubTimeNs, body };
}
