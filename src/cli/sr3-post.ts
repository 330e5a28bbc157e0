import type { Command } from "./command.ts";
import { misused } from "./sr3/arguments.ts";

export const sr3Post: Command = {
  name: "sr3_post",
  summary: "Sarracenia's sr3_post: announce files and trees by name",
  usage: "hotdir sr3_post [-c NAME] [OPTION VALUE]... [-p] PATH...",
  description: [
    "Makes messages of files and of trees with all that is in them, as the configuration post/NAME of sr3 says, or as options say that sr3's files may",
    "hold (they count last). A line for each path; 1 where one is missing. While 'hotdir sr3 start' runs its daemon publishes them, from a ledger;",
    "without one they are published here and now, and what the broker does not take within 15 s waits in the ledger (4). As a symbolic link with the",
    "name sr3_post the program is this command.",
  ].join("\n"),
  ownArguments: true,
  options: {
    config: { type: "string", short: "c", value: "NAME", says: "the configuration post/NAME.conf" },
    path: { type: "string", short: "p", value: "PATH", says: "a file or a directory; as those that stand without it" },
    post_broker: { type: "string", value: "URL", says: "(-pb) the broker; its password is in credentials.conf" },
    post_baseUrl: { type: "string", value: "URL", says: "(-pbu) what the paths of messages are below; 'file:' is the whole machine" },
    post_exchange: { type: "string", value: "NAME", says: "(-pe) the exchange; any other option of a post is taken as well" },
  },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir sr3_post -c queue_for_hpfx -p ~/1stfile", does: "one file" },
    { command: "hotdir sr3_post -pb amqps://bob@hub -pbu file: -pe xs_bob_files /data/run7", does: "a tree, without a configuration" },
  ],
  exits: [4, 5],
  async run({ positionals }, context) {
    const { readGiven } = await import("./sr3/command-line.ts");
    const given = readGiven(positionals, "post");
    if (given.paths.length === 0) throw misused("which files? sr3_post -c NAME PATH...");
    if (given.configuration === null && given.lines.length === 0) throw misused("which configuration? sr3_post -c NAME PATH...");
    const [{ Session }, { takeGiven }, { postPaths }] = await Promise.all([
      import("./sr3/session.ts"),
      import("./sr3/take-given.ts"),
      import("./sr3/posting.ts"),
    ]);
    const session = new Session(context, { verb: "post", patterns: [], options: new Map() });
    const taken = await takeGiven(session, "post", given);
    return typeof taken === "number" ? taken : await postPaths(session, taken, given.paths);
  },
};
