import type { DaemonSettings } from "../../config/daemon-settings.ts";
import type { Configuration } from "../../config/parse.ts";
import type { Daemon } from "../../daemon/daemon.ts";
import { runEvery } from "../../kernel/ending.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";

/** What runs beside the flows for as long as the daemon does. It may fail, and the flows go on without it. */
export type Companion = {
  /** As the log calls it. */
  name: string;
  /** The settings that it depends on: where a reload changes them, it is started anew. */
  of: (settings: DaemonSettings) => unknown;
  /** null: its settings do not want it. */
  start: (daemon: Daemon, settings: DaemonSettings) => Promise<AsyncDisposable | null>;
};

type Running = { of: string; running: AsyncDisposable | null };

/** Starts each, follows reloads, and ends them before the daemon ends. */
export async function startCompanions(
  companions: Companion[],
  daemon: Daemon,
  configuration: Configuration,
  log: Log,
): Promise<AsyncDisposable> {
  const started = new Map<Companion, Running>();
  const follow = async (settings: DaemonSettings): Promise<void> => {
    for (const companion of companions) {
      const of = JSON.stringify(companion.of(settings)) ?? "";
      const before = started.get(companion);
      if (before?.of === of) continue;
      await endOne(companion, before?.running ?? null, log);
      started.set(companion, { of, running: await startOne(companion, daemon, settings, log) });
    }
  };
  await follow(configuration.daemon);
  // One reload after the other: two at once would start one companion twice. After the end there is none.
  let last = Promise.resolve();
  let ended = false;
  daemon.onReload((reloaded) => (last = last.then(() => (ended ? undefined : follow(reloaded.daemon)))));
  return {
    async [Symbol.asyncDispose]() {
      ended = true;
      await last;
      await runEvery(
        [...started.values()].reverse().map(
          ({ running }) =>
            async () =>
              running?.[Symbol.asyncDispose](),
        ),
        (error) => log.error(`stopping: ${messageOf(error)}`),
      );
    },
  };
}

/** One that does not end in order is no reason to refuse what was reloaded. */
async function endOne(companion: Companion, running: AsyncDisposable | null, log: Log): Promise<void> {
  try {
    await running?.[Symbol.asyncDispose]();
  } catch (error) {
    log.error(`${companion.name} did not end in order: ${messageOf(error)}`);
  }
}

async function startOne(companion: Companion, daemon: Daemon, settings: DaemonSettings, log: Log): Promise<AsyncDisposable | null> {
  try {
    return await companion.start(daemon, settings);
  } catch (error) {
    log.error(`${companion.name} did not start, and the flows run without it: ${messageOf(error)}`);
    return null;
  }
}
