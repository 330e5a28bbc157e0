import { formatAt, formatRemark, inOrder, type Remark } from "../../importers/remark.ts";
import { type ConfigurationName, formatName } from "../../importers/sr3/configuration-file.ts";
import { options } from "../../importers/sr3/options.ts";
import { type Configuration, readConfiguration } from "../../importers/sr3/reader.ts";
import type { Setting } from "../../importers/sr3/settings.ts";
import { fateOf } from "../../importers/sr3/with-broker/fates.ts";
import type { Value } from "../../importers/sr3/values.ts";
import { redact } from "../../kernel/redact.ts";
import { table } from "../render/terminal.ts";
import type { Session } from "./session.ts";
import { remarksOf, takeConfiguration } from "./translate.ts";

/** Every option that is in effect, where it comes from, and what becomes of it; then the flow that all of it comes to. */
export async function show(session: Session): Promise<number> {
  let faults = 0;
  for (const name of session.chosen) faults += showOne(session, name) ? 0 : 1;
  return faults > 0 ? 2 : 0;
}

function showOne(session: Session, name: ConfigurationName): boolean {
  const { tree, words } = session;
  const configuration = readConfiguration(name, tree);
  const taken = takeConfiguration(tree, name, false);
  const remarks = remarksOf(taken);
  session.say(`Config of ${formatName(name)}:`);
  for (const line of table(rowsOf(configuration, remarks, words.options.has("full")))) session.say(`  ${redact(line)}`);
  const rest = inOrder(remarks).filter(({ kind, at }) => kind !== "note" || at === null);
  if (rest.length > 0) session.say("");
  for (const remark of rest) session.say(`  ${formatRemark(remark)}`);
  session.say("");
  if (taken.kind === "flows")
    session.say(
      taken.translated.yaml
        .trimEnd()
        .split("\n")
        .map((line) => `  ${line}`)
        .join("\n"),
    );
  else if (taken.kind === "faulty") session.complain(`hotdir: ${formatName(name)} cannot be carried over`);
  session.say("");
  return taken.kind !== "faulty";
}

export function rowsOf({ effective, bindings }: Configuration, remarks: readonly Remark[], withDefaults: boolean): string[][] {
  const accumulating = new Set(["mask", "each"]);
  const inEffect = effective.all.filter(
    (setting) => accumulating.has(options.get(setting.option)?.type ?? "") || effective.each(setting.option).at(-1) === setting,
  );
  const written = inEffect.map((setting) => [setting.option, valueText(setting.value), whereOf(setting), becameOf(setting, remarks)]);
  const bound = bindings.map(({ subtopic, at }) => ["subtopic", subtopic, at === null ? "default" : formatAt(at), carriedText("subtopic")]);
  const known = new Set(inEffect.map(({ option }) => option));
  const presets = withDefaults
    ? [...options.values()]
        .filter(({ name, preset }) => preset !== "" && !known.has(name))
        .map(({ name, preset }) => [name, preset, "default", ""])
    : [];
  return [...written, ...bound, ...presets];
}

function whereOf({ at }: Setting): string {
  return at === null ? "default of the component" : formatAt(at);
}

/** What was said of this very line, else what becomes of the option wherever it stands. */
function becameOf({ option, at }: Setting, remarks: readonly Remark[]): string {
  const said = remarks.find((remark) => at !== null && remark.at?.file === at.file && remark.at.line === at.line);
  return said === undefined ? carriedText(option) : said.message.replace(`${option}: `, "");
}

function carriedText(option: string): string {
  const carried = fateOf(option)?.carried;
  return carried === undefined ? "" : carried.how === "into" ? `-> ${carried.what}` : carried.what;
}

export function valueText(value: Value): string {
  switch (value.type) {
    case "flag":
      return value.on ? "on" : "off";
    case "number":
      return String(value.number);
    case "text":
      return value.text ?? "None";
    case "set":
      return value.members.length === 0 ? "none" : value.members.join(",");
    case "list":
      return value.items.join(" ");
    case "strip":
      return value.strip.kind === "count" ? String(value.strip.count) : value.strip.pattern;
    case "inflight":
      return value.inflight.kind === "none" ? "none" : value.inflight.kind === "name" ? value.inflight.name : `${value.inflight.seconds}s`;
    case "mask":
      return value.pattern;
  }
}
