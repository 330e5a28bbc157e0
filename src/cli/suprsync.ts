import { nearest } from "../config/nearest.ts";
import { argumentNames, specOf } from "../importers/suprsync/argument-table.ts";
import { HotdirError } from "../kernel/errors.ts";
import type { Command, OptionSpec } from "./command.ts";
import { siteOptions } from "./suprsync/given-agents.ts";
import { runAgent, runOptions } from "./suprsync/run-agent.ts";
import { runTool, toolOptions, tools } from "./suprsync/tools.ts";

const listed = Object.values(tools);
const width = Math.max(...listed.map(({ usage }) => usage.split(" [")[0]!.length));

/** The agent's arguments as options of ours, for `--help` and the reference. */
const agentOptions = Object.fromEntries(
  argumentNames.map((name): [string, OptionSpec] => {
    const { kind, value, says } = specOf(name);
    return [name, kind === "flag" ? { type: "boolean", says } : { type: "string", value: value ?? "VALUE", says }];
  }),
);

export const suprsync: Command = {
  name: "suprsync",
  summary: "SupRsync's agent and its tools, with their arguments, on their database",
  usage: "hotdir suprsync ARGUMENT... | TOOL ...",
  description: [
    "With the agent's arguments it is the agent, in the foreground: rows of its archive are copied, verified by MD5, written back, deleted later, and",
    "timecode directories finalized. The database is SupRsync's own, and made where it is missing; producers and other agents go on beside it. Where",
    "the arguments stand in an OCS site configuration, --site-config FILE --instance-id ID finds them, or $OCS_CONFIG_DIR and $INSTANCE_ID do.",
    "",
    ...listed.map(({ usage, says }) => `    ${usage.split(" [")[0]!.padEnd(width)}  ${says}`),
  ].join("\n"),
  ownArguments: true,
  options: {
    ...siteOptions,
    ...agentOptions,
    ...runOptions,
    ...toolOptions,
    ...Object.fromEntries(listed.flatMap(({ options }) => Object.entries(options))),
  },
  positionals: { min: 0, max: Infinity },
  examples: [
    {
      command: "hotdir suprsync --site-config default.yaml --instance-id timestream-sync",
      does: "the agent, with the arguments that it has there",
    },
    {
      command:
        "hotdir suprsync --archive-name smurf --remote-basedir /data/smurf --db-path suprsync.db --ssh-host cryo@daq --suprsync-file-root /data/so",
      does: "the same, with arguments as they are typed",
    },
    { command: "hotdir suprsync check /data/smurf/a.g3 --db suprsync.db", does: "what became of one file" },
    { command: "hotdir suprsync add-local-files /data/smurf smurf --dry", does: "which files would be added, to $SUPRSYNC_DB" },
  ],
  exits: [3, 5],
  async run({ positionals }, context) {
    const [first = "", ...rest] = positionals;
    if (first === "" || first.startsWith("-")) return await runAgent(positionals, context);
    const status = await runTool(first, rest, context);
    if (status !== null) return status;
    const meant = nearest(first, Object.keys(tools));
    throw new HotdirError("bad-usage", {
      operation: "suprsync",
      detail: `there is no tool ${JSON.stringify(first)}${meant === null ? "" : `; did you mean ${meant}?`} There are ${Object.keys(tools).join(", ")}`,
    });
  },
};
