import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import type { FlowSettings } from "../flow/settings.ts";
import { canonical, differences } from "./difference.ts";
import { type Example, exampleFlow } from "./example.ts";
import { type LoadOptions, parseConfiguration } from "./parse.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/**
 * The text of a configuration with one more flow behind the others; all else stays as it is, to the
 * byte, comments included. Both texts are read: the flows that were there must be the same, and the
 * new one as it is meant; else nothing is made. `text` must be a good configuration.
 */
export function appendFlow(text: string, file: string, example: Example, options: LoadOptions): Parsed<string> {
  const before = parseConfiguration(text, file, options);
  if (!before.ok) return bad("the file has faults; 'hotdir check' tells them");
  if (before.configuration.flows.some(({ name }) => name === example.flow)) return bad(`there is a flow ${example.flow} already`);
  const place = findPlace(text);
  if (place === null) return bad("its flows are not written as a block of lines, so that nothing can be put behind them safely");
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const head = text.slice(0, place.offset);
  const block = exampleFlow(example, place.indent).replaceAll("\n", newline);
  const longer = `${head}${head.endsWith("\n") ? "" : newline}${block}${text.slice(place.offset)}`;
  const after = parseConfiguration(longer, file, options);
  if (!after.ok) return bad(`it would have a fault: ${after.faults[0]?.message}`, after.faults[0]?.suggestion);
  // By name: YAML keeps the order of its keys, objects do not where a name is a number.
  const young = new Map(after.configuration.flows.map((flow) => [flow.name, flow]));
  const isSame = (flow: FlowSettings): boolean => {
    const now = young.get(flow.name);
    return now !== undefined && differences(canonical(flow), canonical(now)).length === 0;
  };
  const same =
    young.has(example.flow) &&
    young.size === before.configuration.flows.length + 1 &&
    before.configuration.flows.every(isSame) &&
    JSON.stringify(before.configuration.daemon) === JSON.stringify(after.configuration.daemon);
  return same ? good(longer) : bad("what is there would mean something else");
}

/** Where the flows end, and how far the names of theirs are indented; null where they are no block. */
function findPlace(text: string): { offset: number; indent: number } | null {
  const lines = new LineCounter();
  const { contents } = parseDocument(text, { lineCounter: lines, logLevel: "error" });
  if (!isMap(contents) || contents.flow === true) return null;
  const flows = contents.items.find(({ key }) => isScalar(key) && key.value === "flows")?.value;
  if (!isMap(flows) || flows.flow === true) return null;
  const [first] = flows.items;
  const last = flows.items.at(-1)?.value;
  if (!isScalar(first?.key) || first.key.range === undefined || first.key.range === null) return null;
  const end = endOf(last);
  if (end === null) return null;
  const indent = lines.linePos(first.key.range[0]).col - 1;
  // The rest of the line is a comment of the last value, or nothing.
  let offset = lineEnd(text, Math.max(0, end - 1));
  // Comments that stand deeper than the names of flows belong to the last one.
  while (/^[ \t]*#/.test(text.slice(offset)) && /^ */.exec(text.slice(offset))![0].length > indent) offset = lineEnd(text, offset);
  return { offset, indent };
}

/** Where the next line begins. */
function lineEnd(text: string, from: number): number {
  const newline = text.indexOf("\n", from);
  return newline < 0 ? text.length : newline + 1;
}

/** Where the last value of a node ends, without the comments behind it. */
function endOf(node: unknown): number | null {
  if (isMap(node) && node.flow !== true && node.items.length > 0) return endOf(node.items.at(-1)?.value) ?? node.range?.[1] ?? null;
  const range = (node as { range?: [number, number, number] | null } | null)?.range;
  return range?.[1] ?? null;
}
