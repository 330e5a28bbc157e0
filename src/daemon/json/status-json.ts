import type { BrokerFacts, FlowFacts, StatusFacts } from "../status-facts.ts";
import { textOf } from "../../kernel/path.ts";
import { setJson } from "./set-json.ts";
import { isoMs, pathFields, secondsOf } from "../../kernel/json-fields.ts";
import { tableJson } from "./table-json.ts";

/** The public shape (docs/reference/json.md): fields may be added, not renamed. */
export function statusJson(facts: StatusFacts): object {
  const { daemon } = facts;
  return {
    daemon: {
      running: daemon.running,
      pid: daemon.running ? daemon.pid : null,
      since: daemon.running ? isoMs(daemon.sinceMs) : null,
      page: daemon.running ? daemon.page : null,
      metrics: daemon.running && daemon.page !== null ? metricsBeside(daemon.page) : null,
      resident_bytes: daemon.running ? daemon.residentBytes : null,
    },
    flows: facts.flows.map((flow) => flowJson(flow)),
  };
}

/** For a UNIX socket as nginx writes it. */
function metricsBeside(page: string): string {
  return page.startsWith("unix:") ? `${page}:/metrics` : `${page}metrics`;
}

function flowJson(flow: FlowFacts): object {
  return {
    name: flow.name,
    state: flow.state,
    reason: flow.reason,
    guarantee: flow.guarantee,
    counts: flow.counts,
    bytes: flow.bytes,
    freshness_s: flow.freshnessMs === null ? null : secondsOf(flow.freshnessMs),
    lanes: flow.lanes,
    rate: { files_per_s: round(flow.rate.filesPerS), bytes_per_s: round(flow.rate.bytesPerS) },
    source: textOf(flow.source),
    destination: flow.destination,
    watching: flow.watching,
    read_back: flow.readBack,
    active_count: flow.activeCount,
    active: flow.active.map((active) => ({
      transfer: active.transfer,
      ...pathFields(active.path),
      kind: active.kind,
      size: active.sizeBytes,
      sent: active.sentBytes,
      since: isoMs(active.startedAtMs),
    })),
    broker: flow.broker.map((one) => brokerJson(one)),
    ingest: flow.ingest,
    catalog: flow.catalog,
    table: flow.table === null ? null : tableJson(flow.table),
    completion:
      flow.completion === null
        ? null
        : {
            open: flow.completion.open,
            complete: flow.completion.complete,
            sets: flow.completion.sets.map((set) => setJson(flow.name, set)),
          },
    notice: flow.notice,
  };
}

function brokerJson({ role, address, exchange, state, reason, queue, counts, owed }: BrokerFacts): object {
  const { handedBack, ...others } = counts;
  const shown = handedBack === undefined ? others : { ...others, handed_back: handedBack };
  return { role, address, exchange, state, reason, queue, counts: shown, owed };
}

function round(perS: number): number {
  return Math.round(perS * 100) / 100;
}
