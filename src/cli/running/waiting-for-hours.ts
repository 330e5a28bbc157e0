import type { Flow } from "../../flow/flow.ts";

/**
 * `run --until-idle` waits for flows that are outside their hours: not silently, whatever the log's
 * level. Each pause is told once, when it is known that there is something to send.
 */
export function tellOfHours(write: (line: string) => void): (flows: Flow[]) => void {
  const told = new Map<string, string>();
  return (flows) => {
    for (const flow of flows) {
      const { name } = flow.settings;
      const { state, reason } = flow.state;
      if (state !== "paused" || told.get(name) === reason || !flow.intake.idle || flow.idle) continue;
      told.set(name, reason);
      write(`hotdir: ${name} is paused: ${reason}; --until-idle waits for that, and Ctrl-C ends it (nothing is lost)\n`);
    }
  };
}
