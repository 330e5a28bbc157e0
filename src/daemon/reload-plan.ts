import { canonical, differences } from "../config/difference.ts";
import type { Configuration } from "../config/parse.ts";
import { refuseLoop } from "../flow/place.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { HotdirError } from "../kernel/errors.ts";
import type { ReloadAnswer } from "./control-protocol.ts";

/** `flows`: all that are in force then; the others by name: `leaving` are not among them, `differing` are to be made anew. */
export type ReloadPlan = { flows: FlowSettings[]; leaving: string[]; differing: string[] };

/**
 * What another configuration means, for the named flows or for all (null). `again`: the named ones are made anew although
 * nothing in them changed. Throws where something cannot run.
 */
export function planReload(inForce: Configuration, next: Configuration, only: string[] | null, again: boolean): ReloadPlan {
  for (const name of only ?? []) if (!next.flows.some((flow) => flow.name === name)) throw gone(name, next.file);
  const flows = only === null ? next.flows : mixed(inForce.flows, next.flows, only);
  for (const { source, destination } of flows) if (source.kind === "watched") refuseLoop(source.root, destination);
  const before = new Map(inForce.flows.map((flow) => [flow.name, flow]));
  const differs = (flow: FlowSettings): boolean => {
    const old = before.get(flow.name);
    return old === undefined || differences(canonical(old), canonical(flow)).length > 0;
  };
  const names = new Set(flows.map(({ name }) => name));
  return {
    flows,
    leaving: [...before.keys()].filter((name) => !names.has(name)),
    differing: flows.filter((flow) => (only?.includes(flow.name) ?? true) && (again || differs(flow))).map(({ name }) => name),
  };
}

/** For the log: what changed, by name. */
export function describeReload(answer: ReloadAnswer): string {
  const parts = Object.entries(answer).flatMap(([what, names]) => (names.length > 0 ? [`${what} ${names.join(", ")}`] : []));
  return parts.length === 0 ? "it has no flow that runs" : parts.join("; ");
}

/** The flows in force, with the named ones as they are in the new configuration. */
function mixed(inForce: FlowSettings[], next: FlowSettings[], names: string[]): FlowSettings[] {
  const fresh = (name: string): FlowSettings | undefined => (names.includes(name) ? next.find((flow) => flow.name === name) : undefined);
  return inForce.map((flow) => fresh(flow.name) ?? flow);
}

function gone(name: string, file: string): HotdirError {
  return new HotdirError("bad-usage", {
    operation: "restart",
    detail: `the flow ${name} is not in ${file} any more; a reload (SIGHUP, 'hotdir restart') ends it`,
  });
}
