import { nearest } from "../config/nearest.ts";
import type { Command, OptionSpec } from "./command.ts";
import { misused, readWords, verbOptions } from "./sr3/arguments.ts";
import { Asking } from "./sr3/asking.ts";
import { ownCommands } from "./sr3/own-commands.ts";
import { gone, runVerb, verbList, verbNames } from "./sr3/verbs.ts";

const listed = verbList();
const width = Math.max(...listed.map(([verb]) => verb.length));

export const sr3: Command = {
  name: "sr3",
  summary: "Sarracenia's commands on Sarracenia's configurations, run by hotdir",
  usage: "hotdir sr3 VERB [COMPONENT/NAME...]",
  description: [
    "Reads $XDG_CONFIG_HOME/sr3 (~/.config/sr3) as it stands and runs each configuration as a flow, all in one daemon with a state directory of its own",
    "($XDG_STATE_HOME/hotdir/sr3). Nothing of sr3 is started. Names may be patterns: 'sender/*'; to_hpfx is every component's of that name; none is all.",
    "A changed file counts once 'sr3 start' or 'sr3 restart' has taken it; status tells until then. As a symbolic link with the name sr3 the program",
    "is this command. hotdir's own explain, receipts, dead, retry, pause, resume and check stand behind it as well: 'hotdir sr3 explain FILE'.",
    "",
    ...listed.map(([verb, says]) => `    ${verb.padEnd(width)}  ${says}`),
  ].join("\n"),
  ownArguments: true,
  options: Object.fromEntries(
    Object.entries(verbOptions).map(([name, spec]): [string, OptionSpec] => [
      name,
      {
        type: spec.form === "flag" ? "boolean" : "string",
        ...("short" in spec ? { short: spec.short } : {}),
        ...(spec.form === "value" ? { value: "VALUE" } : {}),
        says: spec.says,
      },
    ]),
  ),
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir sr3 start", does: "all configurations that are not switched off" },
    { command: "hotdir sr3 status 'sender/*'", does: "sr3's table, of the senders" },
    { command: "hotdir sr3 restart sender/to_hpfx", does: "after a change of its file; the others go on" },
    { command: "hotdir sr3 show sender/to_hpfx", does: "each option, its line, and what became of it" },
    { command: "hotdir sr3 explain ~/to_hpfx/a.nc", does: "the story of one file" },
  ],
  exits: [3, 4, 5],
  async run({ positionals }, context) {
    const own = ownCommands.find((name) => name === positionals[0]);
    if (own !== undefined) return await (await import("./sr3/passed-on.ts")).passOn(own, positionals.slice(1), context);
    const { options } = await import("../importers/sr3/options.ts");
    const words = readWords(positionals, (name) => options.has(name));
    if (words.verb === null) throw misused(`which verb? ${verbNames().join(", ")}`);
    const status = await runVerb(words.verb, new Asking(context, words));
    if (status === null) throw misused(unknown(words.verb));
    return status;
  },
};

function unknown(verb: string): string {
  if (Object.hasOwn(gone, verb)) return `${verb}: ${gone[verb]}`;
  const meant = nearest(verb, verbNames());
  return `there is no verb ${JSON.stringify(verb)}${meant === null ? "" : `; did you mean ${meant}?`} There are ${verbNames().join(", ")}`;
}
