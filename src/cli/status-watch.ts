import { setTimeout as sleep } from "node:timers/promises";
import type { StatusFacts } from "../daemon/status-facts.ts";
import { formatTime } from "../kernel/readable.ts";
import type { CliContext } from "./command.ts";
import { statusJson } from "../daemon/json/status-json.ts";
import { statusLine, statusText } from "./render/status-text.ts";
import { lookOf } from "./render/terminal.ts";

const EVERY_MS = 1000;
const enterScreen = "\x1b[?1049h\x1b[?25l";
const leaveScreen = "\x1b[?25h\x1b[?1049l";

/**
 * Shows the status about once a second until the signal. A terminal gets it in place, on its other
 * screen, and at the end once more on the ordinary one; anything else gets a line for each change.
 * A person's Ctrl-C is how a watch ends, so that is 0.
 */
export async function watchStatus(
  ask: () => Promise<StatusFacts>,
  context: CliContext,
  options: { json: boolean; verbose: boolean },
): Promise<number> {
  if (options.json) return await forEachLook(ask, context, (facts) => void context.stdout.write(`${JSON.stringify(statusJson(facts))}\n`));
  if (!context.stdout.isTTY) return await forEachLook(ask, context, changesOnly(context));
  let last = "";
  context.stdout.write(enterScreen);
  try {
    return await forEachLook(ask, context, (facts) => {
      last = statusText(facts, lookOf(context.stdout, context.env), options.verbose);
      context.stdout.write(redraw(`${last}\nCtrl-C ends this.`, context.stdout.rows || 24));
    });
  } finally {
    context.stdout.write(`${leaveScreen}${last}`);
  }
}

async function forEachLook(ask: () => Promise<StatusFacts>, context: CliContext, draw: (facts: StatusFacts) => void): Promise<number> {
  while (!context.signal.aborted) {
    draw(await ask());
    await sleep(EVERY_MS, undefined, { signal: context.signal }).catch(() => undefined);
  }
  return 0;
}

/** From the top, each line's rest cleared, then all below: nothing flickers. */
function redraw(text: string, rows: number): string {
  const lines = text.split("\n").slice(0, rows - 1);
  return `\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`;
}

/** What only counts time is no change. */
function changesOnly(context: CliContext): (facts: StatusFacts) => void {
  const shown = new Map<string, string>();
  return (facts) => {
    for (const flow of facts.flows) {
      const key = JSON.stringify([flow.state, flow.reason, flow.counts]);
      if (shown.get(flow.name) === key) continue;
      shown.set(flow.name, key);
      context.stdout.write(`${formatTime(facts.atMs)}  ${statusLine(flow)}\n`);
    }
  };
}
