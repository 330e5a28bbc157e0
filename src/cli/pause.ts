import { HotdirError } from "../kernel/errors.ts";
import { flowId, heldOf, setHeld } from "../flow/ledger/flows.ts";
import type { Command } from "./command.ts";
import { openEngine, ownLedger } from "./engine.ts";
import { chosenFlows, readConfiguration, stateDirectory } from "./locations.ts";

export const pause: Command = {
  name: "pause",
  summary: "send nothing until 'hotdir resume'",
  usage: "hotdir pause FLOW...",
  description: [
    "What is under way ends within two seconds or is handed back; large files go on later where they were. The source is watched all the while, and what",
    "comes waits in the ledger. A pause stays over restarts. 'hotdir stop FLOW' ends a flow altogether.",
  ].join("\n"),
  options: {},
  positionals: { min: 1, max: Infinity },
  examples: [
    { command: "hotdir pause to_hpfx", does: "leave the network to somebody else for a while" },
    { command: "hotdir resume to_hpfx", does: "go on" },
  ],
  exits: [],
  async run(args, context) {
    const flows = chosenFlows(readConfiguration(args, context), args.positionals);
    const state = stateDirectory(args, context);
    using engine = await openEngine(state);
    for (const { name } of flows) {
      if (engine.client !== null) await engine.client.ask({ ask: "pause", flow: name });
      else pauseWithoutDaemon(state, name);
      context.stdout.write(`${name} is paused; 'hotdir resume ${name}' goes on.\n`);
    }
    return 0;
  },
};

function pauseWithoutDaemon(state: string, name: string): void {
  using ledger = ownLedger(state);
  const id = flowId(ledger.db, name);
  if (id === null)
    throw new HotdirError("bad-usage", { operation: "pause", detail: `${name} never ran on ${state}, so there is nothing to pause` });
  if (heldOf(ledger.db, id) === "stopped")
    throw new HotdirError("bad-usage", { operation: "pause", detail: `${name} is stopped, which is more; 'hotdir start ${name}' runs it` });
  setHeld(ledger.db, id, "paused");
}
