/** `examples/grafana/hotdir.json`: panels as data, laid out here. */

type Query = { expr: string; legend: string };
type Panel = {
  title: string;
  says: string;
  unit: string;
  width: number;
  queries: Query[];
  kind?: "timeseries" | "stat" | "state";
  stacked?: boolean;
};

const flows = 'flow=~"$flow"';

const states = [
  ["running", "green"],
  ["paused", "blue"],
  ["waiting", "yellow"],
  ["halted", "red"],
  ["stopped", "text"],
] as const;

const panels: Panel[] = [
  {
    title: "State",
    says: "waiting: the destination is out of reach, full or refuses. halted: a person must look.",
    unit: "none",
    width: 24,
    kind: "state",
    // One is 1 and the others 0, so the sum is the number of the state.
    queries: [
      {
        expr: `sum by (flow) (${states.map(([state], at) => `hotdir_flow_state{${flows}, state="${state}"} * ${at + 1}`).join(" or ")})`,
        legend: "{{flow}}",
      },
    ],
  },
  ...stats([
    [
      "Behind",
      "The age of the oldest change that is not yet true at the destination.",
      "s",
      `max by (flow) (hotdir_freshness_seconds{${flows}})`,
    ],
    ["Waiting to be sent", "Bytes that are not delivered yet.", "bytes", `sum by (flow) (hotdir_queued_bytes{${flows}})`],
    ["Delivered today", "Bytes in the last 24 hours.", "bytes", `sum by (flow) (increase(hotdir_delivered_bytes_total{${flows}}[24h]))`],
    [
      "Dead letters",
      "Not tried again until a person says so: 'hotdir dead'.",
      "short",
      `sum by (flow) (hotdir_transfers{${flows}, state="dead"})`,
    ],
  ]),
  plot("Throughput", "Bytes of delivered files.", "Bps", [
    `sum by (flow) (rate(hotdir_delivered_bytes_total{${flows}}[$__rate_interval]))`,
    "{{flow}}",
  ]),
  plot("Files", "Deliveries, of files and of all else.", "ops", [
    `sum by (flow) (rate(hotdir_attempts_total{${flows}, outcome="delivered"}[$__rate_interval]))`,
    "{{flow}}",
  ]),
  plot(
    "From seen to delivered",
    "Half, and 99 of 100 changes, were true at the destination within so long.",
    "s",
    [`histogram_quantile(0.5, sum by (flow, le) (rate(hotdir_delivery_lag_seconds_bucket{${flows}}[$__rate_interval])))`, "{{flow}} p50"],
    [`histogram_quantile(0.99, sum by (flow, le) (rate(hotdir_delivery_lag_seconds_bucket{${flows}}[$__rate_interval])))`, "{{flow}} p99"],
  ),
  plot("Behind", "The age of the oldest change that is not yet true at the destination.", "s", [
    `hotdir_freshness_seconds{${flows}}`,
    "{{flow}}",
  ]),
  {
    ...plot("Where the transfers are", "What is neither delivered nor superseded.", "short", [
      `sum by (flow, state) (hotdir_transfers{${flows}, state=~"settling|queued|sending|dead"})`,
      "{{flow}} {{state}}",
    ]),
    stacked: true,
  },
  plot("Seen", "New changes.", "ops", [`sum by (flow) (rate(hotdir_seen_total{${flows}}[$__rate_interval]))`, "{{flow}}"]),
  plot(
    "Attempts without a receipt",
    "By error code; hand-back and superseded are nobody's fault.",
    "ops",
    [`sum by (flow, outcome) (rate(hotdir_attempts_total{${flows}, outcome!="delivered"}[$__rate_interval]))`, "{{flow}} {{outcome}}"],
    [`sum by (flow, code) (rate(hotdir_dead_letters_total{${flows}}[$__rate_interval]))`, "{{flow}} dead: {{code}}"],
  ),
  plot(
    "Lanes",
    "SSH connections: open, and the most that may be.",
    "short",
    [`hotdir_lanes_open{${flows}}`, "{{flow}}"],
    [`hotdir_lanes_max{${flows}}`, "{{flow}} max"],
  ),
  plot("Free space at the destination", "When it was last asked for.", "percentunit", [
    `hotdir_destination_free_bytes{${flows}} / hotdir_destination_size_bytes{${flows}}`,
    "{{flow}}",
  ]),
  plot(
    "The daemon",
    "Memory, and the size of its ledger.",
    "bytes",
    ["process_resident_memory_bytes * on (instance, job) group_left (version) hotdir_build_info", "memory ({{version}})"],
    ["hotdir_ledger_size_bytes", "ledger"],
  ),
  plot("Processor", "Of the daemon alone; ssh works in processes of its own.", "percentunit", [
    'rate(process_cpu_seconds_total{job="hotdir"}[$__rate_interval])',
    "{{instance}}",
  ]),
  plot(
    "Queues of brokers",
    "Messages of all hosts that share the queue; who takes them; deliveries of this host that are still to be told of.",
    "short",
    [`sum by (flow, part) (hotdir_broker_queue_messages{${flows}})`, "{{flow}} {{part}}"],
    [`hotdir_broker_queue_consumers{${flows}}`, "{{flow}} consumers"],
    [`hotdir_announcements_owed{${flows}}`, "{{flow}} to be told"],
  ),
  plot(
    "Messages",
    "By what became of them; below, uses of a broker that are not ready.",
    "ops",
    [`sum by (flow, role, outcome) (rate(hotdir_broker_messages_total{${flows}}[$__rate_interval]))`, "{{flow}} {{role}} {{outcome}}"],
    [`-1 * sum by (flow, role) (hotdir_broker_state{${flows}, state!="ready"})`, "{{flow}} {{role}} not ready"],
  ),
  plot(
    "Tables and sets",
    "Rows of tables that are not copied, or not told what became of them; tables that cannot be used; sets of files.",
    "short",
    [`hotdir_table_rows{${flows}}`, "{{flow}} rows {{part}}"],
    [`hotdir_table_up{${flows}} - 1`, "{{flow}} table away"],
    [`hotdir_sets{${flows}}`, "{{flow}} sets {{state}}"],
  ),
  plot(
    "Tables, behind and by what happened",
    "How long ago all that was registered was final; rounds, copies and errors as SupRsync counts them.",
    "short",
    [`time() - hotdir_table_finalized_until_seconds{${flows}}`, "{{flow}} final since"],
    [`rate(hotdir_table_events_total{${flows}}[$__rate_interval])`, "{{flow}} {{event}}"],
  ),
  {
    title: "Flows",
    says: "Where each goes, and what delivered means there.",
    unit: "none",
    width: 24,
    kind: "stat",
    queries: [{ expr: `hotdir_flow_info{${flows}}`, legend: "{{flow}} → {{destination}} ({{guarantee}})" }],
  },
];

function stats(rows: Array<[string, string, string, string]>): Panel[] {
  return rows.map(([title, says, unit, expr]) => ({ title, says, unit, width: 6, kind: "stat", queries: [{ expr, legend: "{{flow}}" }] }));
}

function plot(title: string, says: string, unit: string, ...queries: Array<[string, string]>): Panel {
  return { title, says, unit, width: 12, queries: queries.map(([expr, legend]) => ({ expr, legend })) };
}

const types = { timeseries: "timeseries", stat: "stat", state: "state-timeline" };
const datasource = { type: "prometheus", uid: "${datasource}" };

export function grafanaDashboard(): string {
  let [x, y] = [0, 0];
  const placed = panels.map((panel, at) => {
    const height = panel.width === 12 ? 8 : 5;
    if (x + panel.width > 24) [x, y] = [0, y + (panels[at - 1]!.width === 12 ? 8 : 5)];
    const position = { x, y, w: panel.width, h: height };
    x += panel.width;
    return render(panel, at + 1, position);
  });
  return `${JSON.stringify(
    {
      title: "hotdir",
      uid: "hotdir",
      description: "How every flow stands. Made by scripts/generate-reference.ts; change scripts/grafana-dashboard.ts.",
      tags: ["hotdir"],
      schemaVersion: 39,
      refresh: "30s",
      time: { from: "now-24h", to: "now" },
      templating: {
        list: [
          { name: "datasource", type: "datasource", query: "prometheus", label: "Data source" },
          {
            name: "flow",
            type: "query",
            label: "Flow",
            datasource,
            query: { query: "label_values(hotdir_flow_info, flow)", refId: "flow" },
            refresh: 2,
            includeAll: true,
            multi: true,
            current: { text: "All", value: "$__all" },
          },
        ],
      },
      panels: placed,
    },
    null,
    2,
  )}\n`;
}

function render({ title, says, unit, queries, kind = "timeseries", stacked = false }: Panel, id: number, gridPos: object): object {
  const options = Object.fromEntries(states.map(([text, color], at) => [String(at + 1), { text, color, index: at }]));
  return {
    id,
    type: types[kind],
    title,
    description: says,
    datasource,
    gridPos,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(kind === "state" ? { mappings: [{ type: "value", options }] } : {}),
        ...(kind === "timeseries" ? { custom: { fillOpacity: 10, stacking: { mode: stacked ? "normal" : "none" } } } : {}),
      },
      overrides: [],
    },
    ...(title === "Flows" ? { options: { textMode: "name", graphMode: "none" } } : {}),
    targets: queries.map(({ expr, legend }, at) => ({ refId: String.fromCharCode(65 + at), datasource, expr, legendFormat: legend })),
  };
}
