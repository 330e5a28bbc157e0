import { show } from "../kernel/path.ts";
import type { Entrance } from "./entrance.ts";
import type { Fetching } from "./fetch/contract.ts";
import { Intake, type IntakeOptions } from "./intake.ts";
import { Receiver, type ReceiverOptions } from "./receive/receiver.ts";
import type { FlowSettings } from "./settings.ts";
import { TableEntrance } from "./table/table-entrance.ts";

/** The entrance of a flow; `receiver`, `table`: the same, where changes come by messages, or as rows of a table. */
export type Entered = { intake: Entrance; receiver: Receiver | null; table: TableEntrance | null };

export function entranceOf(options: IntakeOptions & Pick<ReceiverOptions, "bus" | "listBelow"> & { fetching: Fetching | null }): Entered {
  const { settings, bus, fetching } = options;
  if (settings.source.kind === "table") {
    const table = new TableEntrance({ ...options, source: settings.source });
    return { intake: table, receiver: null, table };
  }
  if (settings.source.kind !== "subscribed" || fetching === null) return { intake: new Intake(options), receiver: null, table: null };
  const receiver = new Receiver({ ...options, source: settings.source, bus, origins: fetching.origins });
  return { intake: receiver, receiver, table: null };
}

/** Where changes come from, for people. */
export function describeSource({ source }: Pick<FlowSettings, "source">): string {
  if (source.kind === "table") return `table ${source.table} of ${show(source.database)}`;
  if (source.kind !== "subscribed") return show(source.root);
  const { broker, exchange, queue } = source.subscription;
  return `${broker.url} ${exchange} (queue ${queue})`;
}
