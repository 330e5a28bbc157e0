import { nearest } from "../config/nearest.ts";
import type { Command } from "./command.ts";
import { importDbb } from "./import/dbb.ts";
import { misused, outputOption } from "./import/output.ts";
import { importSr3 } from "./import/sr3.ts";
import { importSuprsync } from "./import/suprsync.ts";

const systems = ["sr3", "suprsync", "dbb"] as const;

export const importCommand: Command = {
  name: "import",
  summary: "make a configuration of another program's: Sarracenia's (sr3), SupRsync's (suprsync), the DBB buffer managers' (dbb)",
  usage:
    "hotdir import sr3 [PATH | COMPONENT/NAME]... [--without-broker] [--output FILE] | suprsync ARGUMENT... [--output FILE] | dbb CONFIG... [--output FILE]",
  description: [
    "Reads another program's configuration as it stands, and prints the YAML that equals it: behind each key the lines that it comes from, at the end",
    "what was assumed and what was not carried over. What cannot be carried over ends it with 2, and nothing is written.",
    "",
    "sr3: the directory (default: $XDG_CONFIG_HOME/sr3), or what is named of it. Each configuration becomes a flow that publishes to, or takes from, the",
    "exchanges and queues that sr3 has. With --without-broker a watch (or post) and a sender that meet on an exchange become one flow. A line that sr3",
    "itself would pass over in silence is told.",
    "",
    "suprsync: the agent's arguments, or --site-config FILE [--instance-id ID]: without an ID all agents of the class SupRsync that the OCS site",
    "configuration has. 'hotdir suprsync --help' lists the arguments.",
    "",
    "dbb: the YAML configuration of a buffer manager; its keys tell which one it is of. That of a finder becomes a flow, which ingests as well where that of",
    "an ingester is named beside it.",
  ].join("\n"),
  ownArguments: ([system]) => system === "suprsync",
  options: {
    "without-broker": { type: "boolean", says: "sr3: join each watch or post with the senders that it meets: no RabbitMQ between them" },
    output: outputOption,
  },
  positionals: { min: 1, max: Infinity },
  examples: [
    { command: "hotdir import sr3", does: "print what ~/.config/sr3 does, as a configuration, over the same broker" },
    { command: "hotdir import sr3 --without-broker", does: "the same without one: what is watched here and sent from here" },
    {
      command: "hotdir import sr3 sender/to_hpfx --without-broker -o hotdir.yaml",
      does: "one sender, with the watch that feeds it, into a file",
    },
    { command: "hotdir import suprsync --site-config default.yaml", does: "a flow for each SupRsync agent of a site" },
    { command: "hotdir import dbb config.yaml", does: "what 'hotdir hdfmgr run config.yaml' runs, as a configuration" },
  ],
  exits: [],
  async run({ values, positionals }, context) {
    const [system = "", ...what] = positionals;
    if (system === "suprsync") return importSuprsync(what, context);
    const output = typeof values["output"] === "string" ? values["output"] : null;
    if (system === "sr3") return importSr3(what, { withoutBroker: values["without-broker"] === true, output }, context);
    if (system === "dbb") return importDbb(what, output, context);
    const meant = nearest(system, systems);
    throw misused(
      `${JSON.stringify(system)} is no program whose configurations are read: ${systems.join(", ")} are${meant === null ? "" : `; did you mean ${meant}?`}`,
    );
  },
};
