import type { Command } from "./command.ts";
import { misused } from "./sr3/arguments.ts";

export const sr3Watch: Command = {
  name: "sr3_watch",
  summary: "Sarracenia's sr3_watch: watch in the foreground",
  usage: "hotdir sr3_watch [-c NAME] [OPTION VALUE]... [PATH...]",
  description: [
    "Watches as the configuration watch/NAME of sr3 says, or as options say that sr3's files may hold, until Ctrl-C; the log is on the terminal. What",
    "came while nothing watched is found and announced first. A daemon in the background has the ledger: then 'hotdir sr3 start watch/NAME' is the",
    "way. As a symbolic link with the name sr3_watch the program is this command.",
  ].join("\n"),
  ownArguments: true,
  options: {
    config: { type: "string", short: "c", value: "NAME", says: "the configuration watch/NAME.conf" },
    path: { type: "string", short: "p", value: "PATH", says: "a directory; as those that stand without it" },
    post_broker: { type: "string", value: "URL", says: "(-pb) the broker; its password is in credentials.conf" },
    post_baseUrl: { type: "string", value: "URL", says: "(-pbu) what the paths of messages are below" },
    post_exchange: { type: "string", value: "NAME", says: "(-pe) the exchange; any other option of a watch is taken as well" },
  },
  positionals: { min: 0, max: Infinity },
  examples: [{ command: "hotdir sr3_watch -c to_hpfx", does: "what 'hotdir sr3 foreground watch/to_hpfx' does" }],
  exits: [5],
  async run({ positionals }, context) {
    const { readGiven } = await import("./sr3/command-line.ts");
    const given = readGiven(positionals, "watch");
    if (given.configuration === null && given.lines.length === 0) throw misused("which configuration? sr3_watch -c NAME");
    const [{ Session }, { takeGiven }, { runForeground }] = await Promise.all([
      import("./sr3/session.ts"),
      import("./sr3/take-given.ts"),
      import("./sr3/foreground.ts"),
    ]);
    const session = new Session(context, { verb: "foreground", patterns: [], options: new Map() });
    const lines = given.paths.filter((word) => word !== "foreground").map((path) => `path ${path}`);
    const taken = await takeGiven(session, "watch", { ...given, lines: [...given.lines, ...lines] });
    return typeof taken === "number" ? taken : await runForeground(session, [...taken.flows]);
  },
};
