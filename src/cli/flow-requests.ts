import { connectControl } from "../daemon/control-client.ts";
import { HotdirError, messageOf } from "../kernel/errors.ts";
import type { CliContext, ParsedArguments } from "./command.ts";
import { stateDirectory } from "./locations.ts";

const done = { start: "is started", stop: "is stopped", restart: "is restarted, with its configuration as it is now" } as const;

/** One flow after the other, in the daemon that runs; each that cannot be is said, and does not keep the others from it. */
export async function actOnFlows(ask: keyof typeof done, args: ParsedArguments, context: CliContext): Promise<number> {
  using client = await connectControl(stateDirectory(args, context));
  if (client === null)
    throw new HotdirError("bad-usage", {
      operation: `${ask} ${args.positionals.join(", ")}`,
      detail: "no daemon runs here; 'hotdir start' without a flow starts it",
    });
  let failures = 0;
  for (const flow of args.positionals) {
    try {
      await client.ask({ ask, flow });
      context.stdout.write(`${flow} ${done[ask]}.\n`);
    } catch (error) {
      failures++;
      context.stderr.write(`hotdir: ${ask} ${flow}: ${messageOf(error)}\n`);
    }
  }
  return failures > 0 ? 1 : 0;
}
