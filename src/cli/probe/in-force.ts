import { canonical, differences } from "../../config/difference.ts";
import type { Configuration } from "../../config/parse.ts";
import { keyDifferences } from "../../config/written-settings.ts";
import { connectControl } from "../../daemon/control-client.ts";
import type { LiveStatus, SettingsAnswer } from "../../daemon/control-protocol.ts";

/** `from`: where the new value stands; `default` where it is not written. */
export type ChangedKey = { key: string; before: string; after: string; from: string };
export type FlowComparison = { flow: string; change: "added" | "removed" | "changed" | "same"; keys: ChangedKey[] };

/** How a configuration differs from what the daemon runs with. `file`: what that came from. */
export type Comparison = { pid: number; file: string; flows: FlowComparison[] };

/** null: no daemon runs on this state directory. */
export async function compareWithDaemon(configuration: Configuration, stateDirectory: string): Promise<Comparison | null> {
  using client = await connectControl(stateDirectory);
  if (client === null) return null;
  const { pid } = await client.ask<LiveStatus>({ ask: "status" });
  return { pid, ...compare(configuration, await client.ask<SettingsAnswer>({ ask: "settings" })) };
}

/** Pure. */
export function compare({ flows, origins }: Pick<Configuration, "flows" | "origins">, inForce: SettingsAnswer): Omit<Comparison, "pid"> {
  const removed = Object.keys(inForce.flows).filter((name) => !flows.some((flow) => flow.name === name));
  const kept = flows.map((settings): FlowComparison => {
    const flow = settings.name;
    const after = canonical(settings);
    if (!Object.hasOwn(inForce.flows, flow)) return { flow, change: "added", keys: [] };
    const before = inForce.flows[flow]!;
    const differing = differences(before, after);
    const keys = keyDifferences(differing, before, after).map((one) => ({ ...one, from: originOf(origins, flow, one.key) }));
    return { flow, change: differing.length > 0 ? "changed" : "same", keys };
  });
  return { file: inForce.file, flows: [...kept, ...removed.map((flow): FlowComparison => ({ flow, change: "removed", keys: [] }))] };
}

/** A key may be a map, of which only the values have their lines. */
function originOf(origins: Configuration["origins"], flow: string, key: string): string {
  const path = `flows.${flow}.${key}`;
  const own = origins.get(path)?.from;
  if (own !== undefined) return own;
  const below = [...origins].filter(([name, { from }]) => name.startsWith(`${path}.`) && from !== "default");
  return below[0]?.[1].from ?? "default";
}
