import { resolve } from "node:path";
import { never } from "../../kernel/errors.ts";
import type { Comparison, FlowComparison } from "../probe/in-force.ts";
import type { Look } from "./terminal.ts";

/** `file`: the configuration that was checked. */
export function comparisonText({ pid, file: inForce, flows }: Comparison, file: string, look: Look): string {
  const changes = flows.filter(({ change }) => change !== "same");
  const elsewhere = resolve(inForce) !== resolve(file);
  if (changes.length === 0) return `The daemon runs with ${elsewhere ? "the same settings, from " : "these settings: "}${inForce}\n`;
  const how = elsewhere
    ? `it runs with ${inForce}: put the changes there, then 'kill -HUP ${pid}'`
    : `'kill -HUP ${pid}' reloads the file; flows that are the same are not disturbed`;
  return [
    `${look.paint("bold", "Not in force yet")}: the daemon runs with other settings`,
    ...changes.flatMap((flow) => flowLines(flow, look)),
    `  ${how}`,
    "",
  ].join("\n");
}

function flowLines({ flow, change, keys }: FlowComparison, look: Look): string[] {
  switch (change) {
    case "added":
      return [`  ${look.paint("green", "+")} ${flow}: new; a reload starts it`];
    case "removed":
      return [`  ${look.paint("red", "-")} ${flow}: gone; a reload ends it, and what it has queued waits in the ledger until it is back`];
    case "changed":
      return [
        `  ${look.paint("yellow", "~")} ${flow}: changed; a reload starts it anew: what is under way ends or is handed back, uncounted`,
        ...keys.map(({ key, before, after, from }) => `      ${key}: ${before} → ${after}  (${from})`),
      ];
    case "same":
      return [];
    default:
      return never(change);
  }
}
