import { canonical, type Json } from "../config/difference.ts";
import type { Database } from "../flow/ledger/database.ts";
import { rerunIngests } from "../flow/ledger/ingests.ts";
import { revive } from "../flow/ledger/outcomes.ts";
import { HotdirError, never } from "../kernel/errors.ts";
import type { Subscription } from "../flow/bus.ts";
import type { AbsPath, Bytes } from "../kernel/path.ts";
import type { QueueDeadAnswer, Request, RetryAnswer, SettingsAnswer } from "./control-protocol.ts";
import type { Daemon } from "./daemon.ts";
import { ledgerTarget, post } from "./posting.ts";

type Asked = { daemon: Daemon; db: Database };

/** What each request does. Rejects with the refusal; then nothing was changed. */
export async function answerRequest({ daemon, db }: Asked, request: Request): Promise<unknown> {
  const { set, clock } = daemon;
  switch (request.ask) {
    case "status":
      return daemon.status();
    case "post":
      return await post(
        db,
        set.configuration.flows.map((settings) => {
          const flow = set.flow(settings.name);
          // What is posted to a flow that is stopped waits in the ledger for its start.
          return flow === null ? ledgerTarget(db, settings, clock) : { settings, admit: (sightings) => flow.intake.admit(sightings) };
        }),
        { flow: request.flow, paths: request.paths as AbsPath[] },
        clock,
      );
    case "retry": {
      const revived = revive(db, request.ids, clock.steady());
      const rerun = rerunIngests(db, request.ids, clock.wall());
      for (const flow of set.flows) flow.end.retried();
      return { revived, rerun } satisfies RetryAnswer;
    }
    case "queue-dead":
      return await queueDead(set.flow(request.flow)?.receiver?.subscription ?? null, request.limit);
    case "queue-revive": {
      const subscription = set.flow(request.flow)?.receiver?.subscription ?? null;
      if (subscription === null) return { revived: 0, rerun: 0 } satisfies RetryAnswer;
      refuseWhileAway(subscription);
      return { revived: await subscription.revive(request.paths as Bytes[] | null), rerun: 0 } satisfies RetryAnswer;
    }
    case "pause":
      await set.withRunning(request.flow, (flow) => flow.pause());
      return {};
    case "resume":
      await set.withRunning(request.flow, (flow) => flow.resume());
      return {};
    case "start":
      await set.startFlow(request.flow);
      return {};
    case "stop":
      await set.stopFlow(request.flow);
      return {};
    case "restart":
      await set.restartFlow(request.flow);
      return {};
    case "reload":
      return await daemon.reload();
    case "settings":
      return settingsOf(daemon);
    default:
      return never(request);
  }
}

async function queueDead(subscription: Subscription | null, limit: number): Promise<QueueDeadAnswer> {
  if (subscription === null) return { queue: null, dead: null, letters: [] };
  refuseWhileAway(subscription);
  const letters = await subscription.deadLetters(limit);
  const { name, dead } = subscription.queue;
  return { queue: name, dead, letters };
}

/** A person who asks is told so at once, and not after a minute in which the broker did not come back. */
function refuseWhileAway({ state, queue }: Subscription): void {
  if (state.state !== "waiting") return;
  throw new HotdirError("broker-away", { operation: `ask for the dead letters of ${queue.name}`, detail: state.reason });
}

function settingsOf({ set: { configuration } }: Daemon): SettingsAnswer {
  return {
    file: configuration.file,
    flows: Object.fromEntries(configuration.flows.map((flow): [string, Json] => [flow.name, canonical(flow)])),
  };
}
