import { connectControl } from "../daemon/control-client.ts";
import { registerFlow, setHeld } from "../flow/ledger/flows.ts";
import { describePlace } from "../flow/place-name.ts";
import { HotdirError, messageOf } from "../kernel/errors.ts";
import type { CliContext, ParsedArguments } from "./command.ts";
import { ownLedger } from "./engine.ts";
import { chosenFlows, readConfiguration, stateDirectory } from "./locations.ts";

const done = { start: "is started", stop: "is stopped", restart: "is restarted, with its configuration as it is now" } as const;

/** One flow after the other, in the daemon that runs; each that cannot be is said, and does not keep the others from it. */
export async function actOnFlows(ask: keyof typeof done, args: ParsedArguments, context: CliContext): Promise<number> {
  using client = await connectControl(stateDirectory(args, context));
  if (client === null) return writeDown(ask, args, context);
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

/** Without a daemon it is written down what the next one is to do. */
function writeDown(ask: keyof typeof done, args: ParsedArguments, context: CliContext): number {
  if (ask === "restart")
    throw new HotdirError("bad-usage", {
      operation: `restart ${args.positionals.join(", ")}`,
      detail: "no daemon runs here; 'hotdir start' without a flow starts it",
    });
  const flows = chosenFlows(readConfiguration(args, context), args.positionals);
  using ledger = ownLedger(stateDirectory(args, context));
  for (const { name, source, destination } of flows) {
    const id = registerFlow(ledger.db, { name, root: source.root, destination: describePlace(destination) });
    setHeld(ledger.db, id, ask === "stop" ? "stopped" : null);
    context.stdout.write(
      ask === "stop"
        ? `${name} does not run when hotdir is started, until 'hotdir start ${name}'.\n`
        : `${name} runs when hotdir does: 'hotdir start'.\n`,
    );
  }
  return 0;
}
