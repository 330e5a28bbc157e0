import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { DaemonSettings } from "../../config/daemon-settings.ts";
import type { Configuration } from "../../config/parse.ts";
import type { Daemon } from "../../daemon/daemon.ts";
import { silentLog as log } from "../../kernel/log.ts";
import { type Companion, startCompanions } from "./companions.ts";

const settings = (page: number): DaemonSettings => ({ page }) as unknown as DaemonSettings;
const configuration = (page: number): Configuration => ({ daemon: settings(page) }) as Configuration;

/** A companion that takes its time, and counts itself. */
function slow(): { companion: Companion; running: Set<number>; most: () => number; failsToEnd: { now: boolean } } {
  const running = new Set<number>();
  const failsToEnd = { now: false };
  let most = 0;
  const companion: Companion = {
    name: "slow",
    of: ({ page }) => page,
    async start(_daemon, { page }) {
      await sleep(5);
      const which = page as unknown as number;
      running.add(which);
      most = Math.max(most, running.size);
      return {
        async [Symbol.asyncDispose]() {
          await sleep(5);
          running.delete(which);
          if (failsToEnd.now) throw new Error("it hangs on");
        },
      };
    },
  };
  return { companion, running, most: () => most, failsToEnd };
}

function reloads(): { daemon: Daemon; reload: (page: number) => Promise<void> } {
  let told: (configuration: Configuration) => Promise<void> = async () => undefined;
  const daemon = { onReload: (listener: typeof told) => void (told = listener) } as unknown as Daemon;
  return { daemon, reload: (page) => told(configuration(page)) };
}

test("a burst of reloads runs each companion once, and the last settings win", async () => {
  const { companion, running, most } = slow();
  const { daemon, reload } = reloads();
  const companions = await startCompanions([companion], daemon, configuration(0), log);
  await Promise.all([1, 2, 3, 3, 4].map((page) => reload(page)));
  expect([...running]).toEqual([4]);
  expect(most()).toBe(1);
  const late = reload(5);
  await companions[Symbol.asyncDispose]();
  await late;
  await reload(6);
  expect([...running]).toEqual([]);
});

test("a companion that does not end in order does not make a reload fail, now or later", async () => {
  const { companion, running, failsToEnd } = slow();
  const { daemon, reload } = reloads();
  failsToEnd.now = true;
  await startCompanions([companion], daemon, configuration(0), log);
  await reload(1);
  failsToEnd.now = false;
  await reload(2);
  expect([...running]).toEqual([2]);
});
