import { refuseLoop } from "../flow/place.ts";
import { describePlace } from "../flow/place-name.ts";
import type { FlowSettings } from "../flow/settings.ts";
import type { Command } from "./command.ts";
import { chosenFlows, readConfiguration, stateDirectory } from "./locations.ts";
import { describeSource, probeFar, probeNear, probeTold } from "./probe/ends.ts";
import { probeFinish } from "./probe/finish.ts";
import { findingsOf, type FlowCheck } from "./probe/finding.ts";
import { compareWithDaemon } from "./probe/in-force.ts";
import { probeRetention } from "./probe/source.ts";
import { probeRowRetention } from "./probe/table.ts";
import { probeTurn } from "./probe/turn.ts";
import { type Written, writtenIn } from "./probe/written.ts";
import { checkText, conclusion, originsText } from "./render/check-text.ts";
import { comparisonText } from "./render/comparison-text.ts";
import { pretty } from "./render/json.ts";
import { lookOf } from "./render/terminal.ts";

export const check: Command = {
  name: "check",
  summary: "validate the configuration and probe what it names; touches no data",
  usage: "hotdir check [FLOW...] [--json] [--verbose]",
  description: [
    "Reads the configuration, looks at each source, connects to each destination and broker, and prints what they can do and the guarantee that follows.",
    "Nothing is written, made or removed anywhere. Each problem comes with the line to change or the command to run. While a daemon runs it also tells",
    "what of the configuration is not in force yet, key by key, and what a reload does: so a new file can be tried with -c before it replaces the old.",
  ].join("\n"),
  options: {
    json: { type: "boolean", says: "the findings as JSON (docs/reference/json.md)" },
    verbose: { type: "boolean", short: "v", says: "also every value that is in effect, and where it comes from" },
  },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir check", does: "after each change of the configuration" },
    { command: "hotdir check to_hpfx --verbose", does: "one flow, with all its values" },
    { command: "hotdir check -c new.yaml", does: "what a new configuration would change, before it is in force" },
  ],
  exits: [4],
  async run(args, context) {
    const configuration = readConfiguration(args, context);
    const settings = chosenFlows(configuration, args.positionals);
    const checks: FlowCheck[] = [];
    for (const flow of settings) checks.push(await checkFlow(flow, writtenIn(configuration, flow.name), context.signal));
    const inForce = await compareWithDaemon(configuration, stateDirectory(args, context));
    const origins = new Map([...configuration.origins].filter(([path]) => settings.some((flow) => path.startsWith(`flows.${flow.name}.`))));
    const verbose = args.values["verbose"] === true;
    const { file } = configuration;
    if (args.values["json"] === true)
      context.stdout.write(pretty({ file, flows: checks, in_force: inForce, ...(verbose ? { values: Object.fromEntries(origins) } : {}) }));
    else {
      const look = lookOf(context.stdout, context.env);
      const compared = inForce === null ? "" : `\n${comparisonText(inForce, file, look)}`;
      context.stdout.write(
        `${verbose ? `${originsText(origins)}\n` : ""}${checkText(checks, look)}${compared}\n${conclusion(checks, look)}`,
      );
    }
    if (checks.some((one) => one.unreachable !== null)) return 4;
    return checks.some((one) => findingsOf(one).some((finding) => finding.level === "problem")) ? 1 : 0;
  },
};

export async function checkFlow(settings: FlowSettings, written: Written, signal: AbortSignal): Promise<FlowCheck> {
  const near = await probeNear(settings, written, signal);
  const source = near.findings;
  // What is posted is sent once, wherever it is: its root is all of the machine. A source that cannot be reached cannot be compared either.
  if (settings.source.kind === "watched" && source.every((finding) => finding.level !== "problem"))
    refuseLoop(settings.source.root, settings.destination);
  const destination = await probeFar(settings, written, signal);
  const told = await probeTold(settings, written, signal);
  return {
    flow: settings.name,
    from: describeSource(settings.source),
    to: describePlace(settings.destination),
    guarantee: destination.guarantee,
    source: [...source, ...probeTurn(settings, Date.now())],
    destination: destination.findings,
    // Without its source nothing more can be said.
    retention: source.some((finding) => finding.level === "problem")
      ? []
      : settings.source.kind === "table"
        ? probeRowRetention(settings)
        : probeRetention(settings, written),
    announce: told.findings,
    finish: probeFinish(settings, written),
    unreachable: near.unreachable ?? destination.unreachable ?? told.unreachable,
  };
}
