import { flowId, haltReason, heldOf, release, setHeld } from "../flow/ledger/flows.ts";
import { HotdirError } from "../kernel/errors.ts";
import type { Command } from "./command.ts";
import { openEngine, ownLedger } from "./engine.ts";
import { chosenFlows, readConfiguration, stateDirectory } from "./locations.ts";

export const resume: Command = {
  name: "resume",
  summary: "go on with a flow that was paused or is halted, after a person has looked",
  usage: "hotdir resume FLOW",
  description: [
    "Ends a pause ('hotdir pause'). A flow halts when its source vanished, was unmounted, was emptied or is another directory: then nothing is sent or removed. This accepts the",
    "source as it is now, with the removals that were recorded while it was halted. Look first ('hotdir status' tells why it halted).",
  ].join("\n"),
  options: {},
  positionals: { min: 1, max: 1 },
  examples: [{ command: "hotdir resume to_hpfx", does: "the source is as it should be: go on" }],
  exits: [],
  async run(args, context) {
    const [flow] = chosenFlows(readConfiguration(args, context), args.positionals);
    if (flow === undefined) throw new HotdirError("bad-usage", { operation: "resume", detail: "name a flow" });
    const directory = stateDirectory(args, context);
    using engine = await openEngine(directory);
    if (engine.client !== null) {
      await engine.client.ask({ ask: "resume", flow: flow.name });
      context.stdout.write(`${flow.name} goes on.\n`);
      return 0;
    }
    const known = engine.db === null ? null : flowId(engine.db, flow.name);
    const reason = engine.db === null || known === null ? null : haltReason(engine.db, known);
    if (known === null) throw new HotdirError("bad-usage", { operation: "resume", detail: `${flow.name} never ran` });
    using owned = ownLedger(directory);
    const held = heldOf(owned.db, known);
    if (held === "stopped")
      throw new HotdirError("bad-usage", {
        operation: "resume",
        detail: `${flow.name} is stopped; once hotdir runs, 'hotdir start ${flow.name}' runs it`,
      });
    const paused = held === "paused";
    setHeld(owned.db, known, null);
    if (paused && reason === null) {
      context.stdout.write(`${flow.name} is not paused any more; it goes on when hotdir runs.\n`);
      return 0;
    }
    release(owned.db, known);
    context.stdout.write(
      `${flow.name} ${reason === null ? "was not halted; its source is accepted as it is" : "is released"}; it goes on when hotdir runs.\n`,
    );
    return 0;
  },
};
