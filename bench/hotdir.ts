import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Hotdir } from "../test/support/daemon.ts";

export type Verify = "none" | "sha256";

export type HotdirOrder = {
  /** Made; holds the configuration, the ledger, the home and the log. */
  directory: string;
  source: string;
  destination: string;
  host: string;
  sshConfigFile: string;
  verify: Verify;
  lanes: number;
  /** In place of the one flow from source to destination. */
  flows?: object;
  env?: Record<string, string>;
};

/** hotdir on a configuration of its own; the ledger is on the same file system as the data. */
export function prepareHotdir(order: HotdirOrder): { hotdir: Hotdir; stateDirectory: string } {
  const { directory } = order;
  const [home, stateDirectory] = [join(directory, "home"), join(directory, "state")];
  mkdirSync(home, { recursive: true });
  const configFile = join(directory, "hotdir.yaml");
  // JSON is YAML.
  writeFileSync(configFile, JSON.stringify({ page: "off", flows: order.flows ?? { bench: flowOf(order) } }, null, 2));
  return {
    hotdir: new Hotdir({ configFile, stateDirectory, home, logFile: join(directory, "log"), env: order.env ?? {} }),
    stateDirectory,
  };
}

function flowOf(order: HotdirOrder): object {
  return {
    source: { directory: order.source, settle: "close" },
    destination: {
      url: `sftp://${order.host}${order.destination}`,
      ssh: ["ssh", "-F", order.sshConfigFile],
      lanes: order.lanes,
      verify: order.verify,
    },
  };
}

/** What the ledger knows of the times: from the first sighting to the last end, without node's start and end. */
export type Delivered = { transfers: number; deliveringMs: number; methods: Record<string, number> };

export function readDelivered(stateDirectory: string): Delivered {
  using ledger = openLedger(stateDirectory);
  const times = ledger.prepare(
    "SELECT count(*) AS transfers, min(seen_at) AS first, max(ended_at) AS last FROM transfer WHERE state = 'delivered'",
  );
  const { transfers, first, last } = times.get() as { transfers: number; first: number; last: number };
  const methods = ledger.prepare("SELECT method, count(*) AS transfers FROM transfer WHERE state = 'delivered' GROUP BY method").all();
  return {
    transfers,
    deliveringMs: last - first,
    methods: Object.fromEntries(methods.map((row) => [String(row["method"]), Number(row["transfers"])])),
  };
}

/** The ledger beside the daemon that writes it. */
export function openLedger(stateDirectory: string): DatabaseSync {
  return new DatabaseSync(join(stateDirectory, "ledger.sqlite"), { readOnly: true, timeout: 5000 });
}
