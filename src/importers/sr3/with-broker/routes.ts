import { directoryFault } from "../../../flow/receive/route-directory.ts";
import { nameFault } from "../../../flow/receive/route-name.ts";
import type { NativeEntry, NativePlain } from "../../native-document.ts";
import type { At, Remarks } from "../../remark.ts";
import { toJavaScript } from "../../expression/javascript.ts";
import type { Configuration } from "../reader.ts";
import type { Placement } from "../values.ts";
import { type PlainLine, type PlainSelection, plainSelection } from "./plain-lines.ts";
import { type Destination, type Placed, relativeTo } from "./placed-directory.ts";
import { stripOf } from "./strip.ts";

/** `destination`: the directory that all files are below; `entries`: `match`, and `accept` and `reject` or `routes` and `unmatched`. */
export type Routes = { destination: Destination; entries: NativeEntry[]; members: PlainSelection["members"] };

type Line = { key: "accept" | "reject"; pattern: string; groups: number; at: At; placed: Placed | null };
type Plain = { key: string; value: NativePlain };

/** Everything, to sr3: what is matched without being looked at, and gives no groups. */
const all = ".*";

/** How a component places files. `whole`: the destination of all of them. */
export type PlacingRule = {
  place: (placement: Placement) => Placed;
  whole: (places: readonly Placed[]) => Destination | { wrong: string };
};

/**
 * Where a receiving configuration puts files, line by line as it stands: each accept line takes along what stands above it. null: it cannot be
 * told, and the remarks say why.
 */
export function routesOf(configuration: Configuration, rule: PlacingRule, remarks: Remarks): Routes | null {
  const { effective, file } = configuration;
  const here: At = { file, line: 1 };
  const lines = linesOf(configuration, rule, remarks);
  const decided = lines.some(({ pattern }) => pattern === all);
  const rest = decided || !effective.flag("acceptUnmatched") ? null : rule.place(effective.placement());
  const places = [...lines.flatMap(({ placed }) => placed ?? []), ...(rest === null ? [] : [rest])];
  if (places.length === 0) {
    remarks.error(here, "its accept and reject lines let nothing pass");
    return null;
  }
  const destination = rule.whole(places);
  if (typeof destination === "object") {
    remarks.error(effective.at("directory") ?? here, destination.wrong);
    return null;
  }
  const place = (placed: Placed, groups: number, at: At): Plain[] => placing(placed, destination, groups, configuration, at, remarks);
  const written = lines.map(({ key, pattern, groups, at, placed }) => ({
    entries: [{ key, value: pattern }, ...(placed === null ? [] : place(placed, groups, at))],
    from: [at],
  }));
  const literal = rest !== null && /\$\{\d+\}/.test(rest.directory);
  if (literal)
    remarks.error(
      effective.at("directory") ?? here,
      `directory ${rest.directory}: files that no line matches would go there as it stands; reject .* at the end, or acceptUnmatched off, leaves them out`,
    );
  const unmatched = rest === null || literal ? [] : place(rest, 0, here);
  const plain = written.every(({ entries }) => entries.length === 1) && unmatched.length === 0;
  const removes = configuration.component === "sender" && effective.flag("delete_source");
  const selection = plain ? plainSelection(lines.map(plainLine), rest !== null, removes) : null;
  if (selection === null && removes)
    remarks.error(
      effective.at("delete_source"),
      "delete_source: files have another place at the destination than here, or lines an order, with which hotdir removes nothing",
    );
  const match: NativeEntry = { key: "match", value: "url", because: "from the start, as sr3 does" };
  if (selection !== null) {
    noteIdle(lines, rest !== null, remarks);
    const entries = selection.entries.length === 0 ? [] : [match, ...selection.entries];
    return { destination, entries, members: selection.members };
  }
  const at = effective.at("acceptUnmatched");
  const entries: NativeEntry[] = [match];
  if (written.length > 0) entries.push({ key: "routes", value: { items: written } });
  if (rest === null && !decided) entries.push({ key: "unmatched", value: "reject", from: at === null ? [] : [at] });
  else if (unmatched.length > 0) entries.push({ key: "unmatched", value: unmatched });
  return { destination, entries, members: new Map() };
}

function noteIdle(lines: readonly Line[], unmatchedAccepted: boolean, remarks: Remarks): void {
  for (const [index, { key, pattern, at }] of lines.entries())
    if (unmatchedAccepted && key === "accept" && pattern !== all && !lines.slice(index).some((later) => later.key === "reject"))
      remarks.note(at, "accept: it makes no difference, since what no line matches is accepted as well (acceptUnmatched is on)");
}

function plainLine({ key, pattern, at }: Line): PlainLine {
  return { accepts: key === "accept", pattern: pattern === all ? null : pattern, at };
}

function linesOf(configuration: Configuration, { place }: PlacingRule, remarks: Remarks): Line[] {
  const lines: Line[] = [];
  for (const { option, value, at } of configuration.effective.all) {
    if (value.type !== "mask" || at === null) continue;
    if (lines.some(({ pattern }) => pattern === all)) {
      remarks.note(at, `${option} ${value.pattern}: never asked, since a line above it matches everything`);
      continue;
    }
    const translated = toJavaScript(value.pattern);
    if (translated.kind === "foreign") {
      remarks.error(at, `${option} ${value.pattern}: hotdir cannot carry over ${translated.message}`);
      continue;
    }
    const placement: Placement = { ...value.placement, filename: value.filename };
    const placed = option === "accept" ? place(placement) : null;
    lines.push({ key: option === "accept" ? "accept" : "reject", pattern: translated.text, groups: translated.groups, at, placed });
  }
  return lines;
}

/** What an accept line says beside its pattern; what is as it is without being said is left out. */
function placing(
  { placement, directory }: Placed,
  destination: Destination,
  groups: number,
  configuration: Configuration,
  at: At,
  remarks: Remarks,
): Plain[] {
  const { flatten, filename, mirror } = placement;
  const into = relativeTo(directory, destination);
  const fault = into === "" ? null : directoryFault(into, groups);
  if (fault !== null) remarks.error(at, `directory ${directory}: ${fault}`);
  const name = filename === null || filename === "None" ? null : filename;
  const wrong = name === null ? null : nameFault(name);
  if (wrong !== null)
    remarks.error(at, `filename ${name}: ${name!.startsWith("DESTFNSCRIPT") ? "scripts in Python do not run in hotdir" : wrong}`);
  const strip = stripOf(placement, configuration, at, remarks);
  return [
    ...(into === "" ? [] : [{ key: "into", value: { template: into } }]),
    ...(mirror ? [] : [{ key: "mirror", value: false }]),
    ...(strip === null ? [] : [{ key: "strip", value: strip }]),
    ...(flatten === "/" ? [] : [{ key: "flatten", value: flatten }]),
    ...(name === null ? [] : [{ key: "name", value: name }]),
  ];
}
