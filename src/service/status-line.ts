import type { LiveFlow } from "../daemon/control-protocol.ts";

const NAMED_MAX = 6;

/** How the flows stand, in a line for `systemctl status`: what is not as it should be is named first, with its reason. */
export function statusLine(flows: ReadonlyArray<Pick<LiveFlow, "name" | "state" | "reason" | "activeCount">>): string {
  if (flows.length === 0) return "no flow runs";
  const running = flows.filter((flow) => flow.state === "running");
  const others = flows.filter((flow) => flow.state !== "running").toSorted((a, b) => urgency.indexOf(a.state) - urgency.indexOf(b.state));
  const named = others.slice(0, NAMED_MAX).map(({ name, state, reason }) => `${name} ${state}${reason === null ? "" : ` (${reason})`}`);
  if (others.length > NAMED_MAX) named.push(`${others.length - NAMED_MAX} more not running`);
  if (running.length > 0) named.push(runningText(running));
  return named.join("; ");
}

const urgency: Array<LiveFlow["state"]> = ["halted", "waiting", "paused", "stopped", "running"];

function runningText(running: ReadonlyArray<Pick<LiveFlow, "name" | "activeCount">>): string {
  const names = running.length <= NAMED_MAX ? running.map(({ name }) => name).join(", ") : `${running.length} flows`;
  const busy = running.some(({ activeCount }) => activeCount > 0);
  return `${names} running${busy ? ", sending" : ""}`;
}
