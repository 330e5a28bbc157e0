import { readAddress, showAddress } from "../broker/amqp/address.ts";
import { countOwed } from "../flow/ledger/announcements.ts";
import { countOwedRows } from "../flow/ledger/catalog-owed.ts";
import { countIngests, type IngestCounts } from "../flow/ledger/ingests.ts";
import type { Database } from "../flow/ledger/database.ts";
import { oldestOpenSeenAt } from "../flow/ledger/claims.ts";
import { flowId, type FlowId, haltReason, type Tally, tallyOf } from "../flow/ledger/flows.ts";
import { type Guarantee, guaranteeOf } from "../flow/guarantee.ts";
import { describePlace } from "../flow/place-name.ts";
import type { FlowSettings } from "../flow/settings.ts";
import type { AbsPath, RelPath } from "../kernel/path.ts";
import type { SetMoment } from "../flow/completion/standing.ts";
import { clockSkewMs } from "../flow/ledger/meta.ts";
import { systemClock } from "../kernel/clock.ts";
import { type BrokerUse, brokerUsesOf } from "./broker-uses.ts";
import { type CompletionFacts, completionFacts } from "./set-facts.ts";
import type { LiveBroker, LiveFlow, LiveStatus } from "./control-protocol.ts";
import { type TableFacts, tableFacts } from "./table-facts.ts";

/** What `status` tells, whoever shows it. */
export type StatusFacts = {
  atMs: number;
  daemon: { running: true; pid: number; sinceMs: number; residentBytes: number; page: string | null } | { running: false };
  flows: FlowFacts[];
};

export type FlowFacts = {
  name: string;
  state: LiveFlow["state"];
  reason: string | null;
  /** Its directory; of a table, the database. */
  source: AbsPath;
  posted: boolean;
  destination: string;
  guarantee: Guarantee;
  counts: Tally;
  bytes: { queued: number; delivered: number };
  /** The age of the oldest change that is not yet true at the destination; null: there is none. */
  freshnessMs: number | null;
  lanes: { open: number; max: number };
  rate: { filesPerS: number; bytesPerS: number };
  watching: LiveFlow["watching"];
  readBack: LiveFlow["readBack"];
  /** The largest under way. */
  active: ActiveFacts[];
  activeCount: number;
  broker: BrokerFacts[];
  /** Files by the state of their ingestion; null: the flow ingests none. */
  ingest: IngestCounts | null;
  /** Deliveries that are not in the catalog yet, and how many of them it has no place for; null: the flow has none. */
  catalog: { owed: number; refused: number } | null;
  /** The table whose rows are its queue; null: none is. */
  table: TableFacts | null;
  /** Sets of files; null: the flow knows none. */
  completion: CompletionFacts | null;
  /** What a person should know though nothing waits. */
  notice: string | null;
};

/** One use of a broker; `state` null: it is not open now, since the flow is stopped or paused. `owed`: deliveries that are still to be told of. */
export type BrokerFacts = Omit<LiveBroker, "state"> & {
  state: LiveBroker["state"] | null;
  address: string;
  exchange: string;
  owed: number | null;
};

export type ActiveFacts = { transfer: number; path: RelPath; kind: string; sizeBytes: number; sentBytes: number; startedAtMs: number };

/** With and without a daemon (`live` null), also before there is a ledger (`db` null). Only indexed questions, whatever the size of the ledger. */
export function statusFacts(parts: { settings: FlowSettings[]; db: Database | null; live: LiveStatus | null; nowMs: number }): StatusFacts {
  const { settings, db, live, nowMs } = parts;
  return {
    atMs: nowMs,
    daemon:
      live === null
        ? { running: false }
        : { running: true, pid: live.pid, sinceMs: live.sinceMs, residentBytes: live.residentBytes, page: live.page },
    flows: settings.map((flow) =>
      flowFacts(flow, db, live?.flows.find((candidate) => candidate.name === flow.name) ?? null, { nowMs, sinceMs: live?.sinceMs ?? null }),
    ),
  };
}

type At = { nowMs: number; sinceMs: number | null };

function flowFacts(settings: FlowSettings, db: Database | null, live: LiveFlow | null, { nowMs, sinceMs }: At): FlowFacts {
  const id = db === null ? null : flowId(db, settings.name);
  const { queuedBytes, deliveredBytes, ...counts } = db === null || id === null ? nothing : tallyOf(db, id);
  const oldest = db === null || id === null ? null : oldestOpenSeenAt(db, id);
  const halted = db === null || id === null ? null : haltReason(db, id);
  return {
    name: settings.name,
    state: live?.state ?? (halted === null ? "stopped" : "halted"),
    reason: live === null ? halted : live.reason,
    source: settings.source.kind === "table" ? settings.source.database : settings.source.root,
    posted: settings.source.kind === "posted",
    destination: describePlace(settings.destination),
    guarantee: guaranteeOf(settings),
    counts,
    bytes: { queued: queuedBytes, delivered: deliveredBytes },
    freshnessMs: oldest === null ? null : Math.max(0, nowMs - oldest),
    lanes: live?.lanes ?? { open: 0, max: settings.destination.lanesMax },
    rate: { filesPerS: live?.filesPerS ?? 0, bytesPerS: live?.bytesPerS ?? 0 },
    watching: live?.watching ?? null,
    readBack: live?.readBack ?? null,
    active: (live?.active ?? []).map((active) => ({ ...active, path: active.path as RelPath })),
    activeCount: live?.activeCount ?? 0,
    broker: brokerUsesOf(settings).map((use) => brokerFacts(use, { db, id, live })),
    ingest: settings.finish.ingest === null ? null : db === null || id === null ? noIngests : countIngests(db, id),
    catalog: settings.finish.catalog === null ? null : db === null || id === null ? { owed: 0, refused: 0 } : countOwedRows(db, id),
    table: tableFacts(settings, { db, id, live: live?.table ?? null }),
    completion: completionOf(settings, db, id, sinceMs),
    notice: live?.notice ?? null,
  };
}

/** `sinceMs`: since when the daemon runs; null: it does not. */
function completionOf(
  { completion }: FlowSettings,
  db: Database | null,
  flow: FlowId | null,
  sinceMs: number | null,
): CompletionFacts | null {
  if (completion === null) return null;
  if (db === null || flow === null) return { open: 0, complete: 0, sets: [] };
  return completionFacts({ db, flow, completion, moment: setMoment(db, sinceMs) });
}

/** The moment of an answer, on both clocks. */
export function setMoment(db: Database, sinceMs: number | null): SetMoment {
  const skewMs = clockSkewMs(db);
  const clock = systemClock(skewMs);
  const now = { wall: clock.wall(), steady: clock.steady() };
  return { now, watchedSince: sinceMs === null ? now.steady : sinceMs - skewMs };
}

function brokerFacts({ role, settings }: BrokerUse, at: { db: Database | null; id: FlowId | null; live: LiveFlow | null }): BrokerFacts {
  const { db, id } = at;
  const live = at.live?.broker.find((one) => one.role === role);
  const read = readAddress(settings.broker.url);
  return {
    ...(live ?? { state: null, reason: null, queue: null, counts: {} }),
    role,
    address: read.ok ? showAddress(read.address) : settings.broker.url,
    exchange: settings.exchange,
    owed: role === "announce" ? (db === null || id === null ? 0 : countOwed(db, id)) : null,
  };
}

const noIngests: IngestCounts = { UNTRIED: 0, PENDING: 0, SUCCESS: 0, FAILURE: 0, UNKNOWN: 0, RERUN: 0, IGNORED: 0 };

const nothing = {
  seen: 0,
  settling: 0,
  queued: 0,
  sending: 0,
  delivered: 0,
  superseded: 0,
  ignored: 0,
  dead: 0,
  queuedBytes: 0,
  deliveredBytes: 0,
};
