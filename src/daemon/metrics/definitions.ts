import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** From a file that nobody waited for to one that an outage of a day held up. In seconds. */
const LAG_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 43_200, 86_400];

export const transferStates = ["settling", "queued", "sending", "delivered", "superseded", "ignored", "dead"] as const;
export const flowStates = ["running", "paused", "waiting", "halted", "stopped"] as const;

export const brokerStates = ["connecting", "ready", "waiting", "blocked", "closed"] as const;

export type Definitions = ReturnType<typeof define>;

/** All metrics, in the order in which they are shown. Names as Prometheus wants them: the unit last, `_total` where it only grows. */
export function define(registry: Registry) {
  const registers = [registry];
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> =>
    new Gauge({ name, help, labelNames, registers });
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> =>
    new Counter({ name, help, labelNames, registers });
  return {
    build: gauge("hotdir_build_info", "The program that runs; always 1.", "version", "node"),
    flow: gauge("hotdir_flow_info", "Each configured flow; always 1.", "flow", "destination", "guarantee"),
    state: gauge("hotdir_flow_state", "1 for the state that the flow is in, 0 for the others.", "flow", "state"),
    seen: counter("hotdir_seen_total", "Changes that were seen: the sum of hotdir_transfers over its states.", "flow"),
    transfers: gauge(
      "hotdir_transfers",
      "Transfers by state, those of the ledger's whole life; the terms of the law of conservation.",
      "flow",
      "state",
    ),
    deliveredBytes: counter("hotdir_delivered_bytes_total", "Bytes of the files that were delivered.", "flow"),
    queuedBytes: gauge("hotdir_queued_bytes", "Bytes of the files that are not delivered yet.", "flow"),
    attempts: counter(
      "hotdir_attempts_total",
      "Attempts that ended since the process began: delivered, hand-back, superseded, or an error code.",
      "flow",
      "outcome",
    ),
    deadLetters: counter(
      "hotdir_dead_letters_total",
      "Transfers that were given up since the process began, by error code.",
      "flow",
      "code",
    ),
    sets: gauge("hotdir_sets", "Sets of files, by whether they have their manifest.", "flow", "state"),
    freshness: gauge(
      "hotdir_freshness_seconds",
      "The age of the oldest change that is not yet true at the destination; 0: there is none.",
      "flow",
    ),
    lag: new Histogram({
      name: "hotdir_delivery_lag_seconds",
      help: "From when a change was seen (a file was closed, say) to its receipt.",
      labelNames: ["flow"],
      buckets: LAG_BUCKETS_S,
      registers,
    }),
    lanesOpen: gauge("hotdir_lanes_open", "SSH connections that are open.", "flow"),
    lanesMax: gauge("hotdir_lanes_max", "SSH connections that may be open.", "flow"),
    freeBytes: gauge(
      "hotdir_destination_free_bytes",
      "Free space of the destination when it was last asked for; absent where it is not known.",
      "flow",
    ),
    sizeBytes: gauge("hotdir_destination_size_bytes", "Size of the destination's file system; absent where it is not known.", "flow"),
    brokerState: gauge("hotdir_broker_state", "1 for the state that a use of a broker is in, 0 for the others.", "flow", "role", "state"),
    queueMessages: gauge(
      "hotdir_broker_queue_messages",
      "Messages with the broker: queued, waiting to come again, dead; absent where the broker does not tell.",
      "flow",
      "part",
    ),
    queueConsumers: gauge("hotdir_broker_queue_consumers", "Consumers of the queue, those of other hosts among them.", "flow"),
    messages: counter(
      "hotdir_broker_messages_total",
      "Messages since the broker was connected to, by what became of them: received, done, again, dead, handed-back, refused; published, unrouted, refused.",
      "flow",
      "role",
      "outcome",
    ),
    owed: gauge("hotdir_announcements_owed", "Deliveries that are still to be told of.", "flow"),
    ingests: gauge("hotdir_ingest_files", "Delivered files by how far their ingestion is; only of flows that ingest.", "flow", "status"),
    catalogOwed: gauge("hotdir_catalog_owed", "Deliveries that are not in the catalog; only of flows that have one.", "flow"),
    tableUp: gauge("hotdir_table_up", "1 while the table that a flow follows can be used, else 0.", "flow"),
    tableRows: gauge(
      "hotdir_table_rows",
      "Rows of the table that a flow follows: all, uncopied, and owed (what became of them is still to be written).",
      "flow",
      "part",
    ),
    tableFinal: gauge(
      "hotdir_table_finalized_until_seconds",
      "All rows that were registered up to then are verified or ignored; absent while that is not known.",
      "flow",
    ),
    tableEvents: counter(
      "hotdir_table_events_total",
      "As SupRsync counts, since the process began: iterations, copies, errors_timeout, errors_nonzero, errors_sqlite.",
      "flow",
      "event",
    ),
    ledgerBytes: gauge("hotdir_ledger_size_bytes", "Size of the ledger's files."),
    residentBytes: gauge("process_resident_memory_bytes", "Resident memory of the daemon."),
    startTime: gauge("process_start_time_seconds", "When the daemon's process began, since the epoch."),
    cpu: counter("process_cpu_seconds_total", "Processor time of the daemon's process, without its ssh children."),
    openFiles: gauge("process_open_fds", "Open file descriptors of the daemon."),
  };
}
