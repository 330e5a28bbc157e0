import { describePlace, refuseLoop } from "../flow/place.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { show } from "../kernel/path.ts";
import type { Command } from "./command.ts";
import { chosenFlows, readConfiguration } from "./locations.ts";
import { probeDestination } from "./probe/destination.ts";
import type { FlowCheck } from "./probe/finding.ts";
import { probeRetention, probeSource } from "./probe/source.ts";
import { checkText, originsText } from "./render/check-text.ts";
import { pretty } from "./render/json.ts";
import { lookOf } from "./render/terminal.ts";

export const check: Command = {
  name: "check",
  summary: "validate the configuration and probe what it names; touches no data",
  usage: "hotdir check [FLOW...] [--json] [--verbose]",
  description: [
    "Reads the configuration, looks at each source, connects to each destination, and prints what they can do and the guarantee that follows.",
    "Nothing is written, made or removed anywhere. Each problem comes with the line to change or the command to run.",
  ].join("\n"),
  options: {
    json: { type: "boolean", says: "the findings as JSON (docs/reference/json.md)" },
    verbose: { type: "boolean", short: "v", says: "also every value that is in effect, and where it comes from" },
  },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir check", does: "after each change of the configuration" },
    { command: "hotdir check to_hpfx --verbose", does: "one flow, with all its values" },
  ],
  exits: [4],
  async run(args, context) {
    const configuration = readConfiguration(args, context);
    const settings = chosenFlows(configuration, args.positionals);
    const checks: FlowCheck[] = [];
    for (const flow of settings) checks.push(await checkFlow(flow, context.signal));
    const origins = new Map([...configuration.origins].filter(([path]) => settings.some((flow) => path.startsWith(`flows.${flow.name}.`))));
    const verbose = args.values["verbose"] === true;
    if (args.values["json"] === true)
      context.stdout.write(
        pretty({ file: configuration.file, flows: checks, ...(verbose ? { values: Object.fromEntries(origins) } : {}) }),
      );
    else context.stdout.write(`${verbose ? `${originsText(origins)}\n` : ""}${checkText(checks, lookOf(context.stdout, context.env))}`);
    if (checks.some((one) => one.unreachable !== null)) return 4;
    return checks.some((one) => [...one.source, ...one.destination, ...one.retention].some((finding) => finding.level === "problem"))
      ? 1
      : 0;
  },
};

async function checkFlow(settings: FlowSettings, signal: AbortSignal): Promise<FlowCheck> {
  // What is posted is sent once, wherever it is: its root is all of the machine.
  if (settings.source.kind === "watched") refuseLoop(settings.source.root, settings.destination);
  const source = await probeSource(settings);
  const destination = await probeDestination(settings, signal);
  return {
    flow: settings.name,
    from: show(settings.source.root),
    to: describePlace(settings.destination),
    guarantee: destination.guarantee,
    source,
    destination: destination.findings,
    // Without its source nothing more can be said.
    retention: source.some((finding) => finding.level === "problem") ? [] : probeRetention(settings),
    unreachable: destination.unreachable,
  };
}
