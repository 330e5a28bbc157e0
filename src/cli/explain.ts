import { type ExplainFacts, explainFacts } from "../daemon/explain-facts.ts";
import { describeSource } from "../flow/entrances.ts";
import type { Command } from "./command.ts";
import { openEngine } from "./engine.ts";
import { chosenFlows, flowOption, readConfiguration, stateDirectory } from "./locations.ts";
import { pathsNamed, workingDirectory } from "./named-path.ts";
import { pathsOfRows } from "./paths-of-rows.ts";
import { explainJson } from "../daemon/json/explain-json.ts";
import { explainText } from "./render/explain-text.ts";
import { pretty } from "./render/json.ts";
import { lookOf } from "./render/terminal.ts";

export const explain: Command = {
  name: "explain",
  summary: "the story of one file",
  usage: "hotdir explain [-f FLOW] PATH",
  description: [
    "Tells everything that happened to a path: when it was seen, each attempt, the receipt, why it was not sent, what became of the source file;",
    "and what happens next. PATH is absolute, or relative to the working directory or to a flow's source; a name that cannot be typed may be",
    "given as hotdir shows it (\\n, \\xff). Works with and without a running daemon, and for a path that was never seen.",
  ].join("\n"),
  options: {
    flow: flowOption,
    json: {
      type: "boolean",
      says: "the facts as JSON: an array with one story for each flow that knows the path, none where no source holds it",
    },
  },
  positionals: { min: 1, max: 1 },
  examples: [
    { command: "hotdir explain ~/hotdir/a.nc", does: "what became of a.nc" },
    { command: "hotdir explain -f to_hpfx run7/a.nc --json", does: "the same for a program, named relative to the flow's source" },
  ],
  exits: [],
  async run(args, context) {
    const named = args.values["flow"];
    const settings = chosenFlows(readConfiguration(args, context), typeof named === "string" ? [named] : []);
    const typed = args.positionals[0]!;
    using engine = await openEngine(stateDirectory(args, context));
    const all = pathsNamed(typed, settings, workingDirectory(), pathsOfRows(engine.db)).map((one) =>
      explainFacts({ ...one, db: engine.db, live: engine.live }),
    );
    const stories = likeliest(all);
    if (stories.length === 0 && args.values["json"] !== true) {
      const sources = settings.map((flow) => `${flow.name}: ${describeSource(flow)}`).join(", ");
      context.stdout.write(`${typed}\n\nNext: never seen: it is not in any source (${sources})\n`);
    }
    const look = lookOf(context.stdout, context.env);
    context.stdout.write(
      args.values["json"] === true
        ? pretty(stories.map((facts) => explainJson(facts)))
        : stories.map((facts) => explainText(facts, look)).join("\n"),
    );
    return 0;
  },
};

/** Those that the ledger knows; else those that are there; else the first meaning. */
function likeliest(all: ExplainFacts[]): ExplainFacts[] {
  const known = all.filter((facts) => facts.story.transfers.length > 0);
  if (known.length > 0) return known;
  const there = all.filter((facts) => facts.source.kind !== "absent");
  return there.length > 0 ? there : all.slice(0, 1);
}
