import { resolve } from "node:path";
import { HotdirError } from "../kernel/errors.ts";
import { bytesOfText } from "../kernel/path.ts";
import { refuseForeign, stopSupervised } from "../service/running.ts";
import { lookAround } from "../service/standing.ts";
import type { CliContext, Command, OptionSpec, ParsedArguments } from "./command.ts";
import { actOnFlows } from "./flow-requests.ts";
import { stateDirectory } from "./directories.ts";

const DEFAULT_S = 30;

export const timeoutOption: OptionSpec = {
  type: "string",
  value: "SECONDS",
  says: `how long work under way may take to end or be handed back before the processes are killed (default: ${DEFAULT_S})`,
};

export const stop: Command = {
  name: "stop",
  summary: "end what runs in the background; or stop flows",
  usage: "hotdir stop [FLOW...] [--timeout SECONDS]",
  description: [
    "Ends the supervisor and its daemon. Work under way ends or is handed back, uncounted, and goes on at the next start. What does not end in time is",
    "killed, which loses nothing either. 'hotdir sanity' does not start it again; 'hotdir start' does. With flows: those only, also over restarts,",
    "while the others go on ('hotdir start FLOW' runs them again).",
  ].join("\n"),
  options: { timeout: timeoutOption },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir stop", does: "ends the daemon" },
    { command: "hotdir stop to_hpfx", does: "stops one flow; the others go on" },
  ],
  exits: [5],
  run: async (args, context) =>
    args.positionals.length > 0 ? await actOnFlows("stop", args, context) : await stopAll(args, context, "stop"),
};

/** 0: nothing of ours runs any more. */
export async function stopAll(args: ParsedArguments, context: CliContext, purpose: "stop" | "restart"): Promise<number> {
  const directory = resolve(stateDirectory(args, context));
  const stopped = await stopSupervised(directory, boundMs(args), purpose);
  switch (stopped.kind) {
    case "not-running":
      refuseForeign(lookAround(directory), directory, purpose);
      context.stdout.write("hotdir does not run in the background.\n");
      return 0;
    case "stopped":
      context.stdout.write(
        stopped.killed
          ? "hotdir did not end in time and was killed; nothing is lost, and it goes on at the next start.\n"
          : "hotdir is stopped; work under way ended or was handed back.\n",
      );
      return 0;
    case "still-there":
      throw new HotdirError("not-in-time", {
        operation: "stop",
        path: bytesOfText(directory),
        detail: `process ${stopped.pid} is still there after SIGKILL: it waits for a disk or a network file system; it ends when that answers`,
      });
  }
}

function boundMs(args: ParsedArguments): number {
  const text = args.values["timeout"] ?? String(DEFAULT_S);
  const seconds = typeof text === "string" && /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (Number.isNaN(seconds))
    throw new HotdirError("bad-usage", { operation: "stop", detail: `--timeout takes seconds, as in --timeout ${DEFAULT_S}` });
  return seconds * 1000;
}
