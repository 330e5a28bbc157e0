import type { QueuedLetter } from "../daemon/json/dead-json.ts";
import { QUEUE_DEAD_MAX, type QueueDeadAnswer, type RetryAnswer } from "../daemon/control-protocol.ts";
import { deadMessagePaths } from "../flow/ledger/dead-letters.ts";
import { flowId } from "../flow/ledger/flows.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Bytes } from "../kernel/path.ts";
import { formatCount } from "../kernel/readable.ts";
import type { CliContext } from "./command.ts";
import type { Engine } from "./engine.ts";

function subscribed(settings: FlowSettings[]): FlowSettings[] {
  return settings.filter(({ source }) => source.kind === "subscribed");
}

/** The dead letters in the queues of these flows that are in no ledger here; only a daemon can ask for them. */
export async function queuedDead(engine: Engine, settings: FlowSettings[], { stderr }: CliContext): Promise<QueuedLetter[]> {
  const found: QueuedLetter[] = [];
  if (engine.client === null) return found;
  for (const { name } of subscribed(settings)) {
    try {
      const { queue, dead, letters } = await engine.client.ask<QueueDeadAnswer>({ ask: "queue-dead", flow: name, limit: QUEUE_DEAD_MAX });
      if (queue === null) continue;
      const id = engine.db === null ? null : flowId(engine.db, name);
      const here = engine.db === null || id === null ? new Set<Bytes>() : deadMessagePaths(engine.db, id);
      found.push(...letters.filter(({ path }) => path === null || !here.has(path)).map((letter) => ({ ...letter, flow: name, queue })));
      if (letters.length === QUEUE_DEAD_MAX)
        stderr.write(
          `hotdir: only the oldest ${formatCount(QUEUE_DEAD_MAX)} of ${dead === null ? "those" : formatCount(dead)} in ${queue} are listed\n`,
        );
    } catch (error) {
      stderr.write(`hotdir: the dead letters in the queue of ${name} cannot be listed: ${messageOf(error)}\n`);
    }
  }
  return found;
}

/**
 * Gives dead letters back to the queues of these flows; `paths` null: all. How many, and of which flows the queue could not be asked: that is
 * said, and theirs stay as they are.
 */
export async function reviveQueued(
  engine: Engine,
  settings: FlowSettings[],
  paths: ReadonlyMap<string, Bytes[]> | null,
  { stderr }: Pick<CliContext, "stderr">,
): Promise<{ revived: number; unasked: Set<string> }> {
  const unasked = new Set<string>();
  let revived = 0;
  if (engine.client === null) return { revived, unasked };
  for (const { name } of subscribed(settings)) {
    const named = paths === null ? null : (paths.get(name) ?? []);
    if (named !== null && named.length === 0) continue;
    try {
      revived += (await engine.client.ask<RetryAnswer>({ ask: "queue-revive", flow: name, paths: named })).revived;
    } catch (error) {
      unasked.add(name);
      stderr.write(`hotdir: the dead letters of ${name} stay: ${messageOf(error)}\n`);
    }
  }
  return { revived, unasked };
}
