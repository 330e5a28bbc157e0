import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { formatAge } from "../kernel/readable.ts";
import { redact } from "../kernel/redact.ts";
import { repairAll } from "../service/sanity.ts";
import { askDaemon } from "../service/standing.ts";
import { statusLine } from "../service/status-line.ts";
import type { CliContext, Command } from "./command.ts";
import { stateDirectory } from "./locations.ts";

const HEALTH_MS = 10_000;

export const sanity: Command = {
  name: "sanity",
  summary: "look whether all that should run does, and repair what does not",
  usage: "hotdir sanity [FLOW...] [--health]",
  description: [
    "Starts what 'hotdir start' asked for and does not run, replaces a supervisor or a daemon that hangs or is alone, and ends processes that a daemon",
    "of this state directory left behind, which their environment proves; it touches nothing else. One line when all is well, one for each repair",
    "(standard output), one for each thing that it could not repair (standard error; exit status 1). Safe every minute, and beside itself. With flows:",
    "starts those that should run and do not; one that a person stopped stays stopped.",
  ].join("\n"),
  options: {
    health: { type: "boolean", says: "repair nothing: 0 if a daemon answers within 10 s, else 1 (for a container's health check)" },
  },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir sanity", does: "look, and repair" },
    { command: "* * * * * hotdir sanity >/dev/null", does: "as a line of crontab: mail comes only when a person is needed" },
    { command: "hotdir sanity --health", does: "for HEALTHCHECK in a container" },
  ],
  exits: [],
  async run(args, context) {
    const directory = resolve(stateDirectory(args, context));
    if (args.values["health"] === true) return await tellHealth(directory, context);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const report = await repairAll(directory, args.positionals, context.signal);
    if (report === null) {
      context.stdout.write("another 'hotdir sanity' is at work here\n");
      return 0;
    }
    for (const line of report.repaired) context.stdout.write(`repaired: ${redact(line)}\n`);
    for (const line of report.problems) context.stderr.write(`hotdir: sanity: ${redact(line)}\n`);
    if (report.repaired.length + report.problems.length === 0) context.stdout.write(`${redact(report.standing)}\n`);
    return report.problems.length > 0 ? 1 : 0;
  },
};

async function tellHealth(directory: string, context: CliContext): Promise<number> {
  const live = await askDaemon(directory, HEALTH_MS);
  if (live === null) {
    context.stderr.write(`hotdir: sanity: no daemon runs here, or it does not answer within ${formatAge(HEALTH_MS)}\n`);
    return 1;
  }
  context.stdout.write(`${redact(statusLine(live.flows))}\n`);
  return 0;
}
