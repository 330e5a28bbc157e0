import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Hotdir } from "../support/daemon.ts";
import { makeHosts } from "../support/hosts.ts";
import { listenTo } from "../support/queue-listener.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { compareTrees, readTree } from "../support/tree.ts";
import { waitUntil } from "../support/waiting.ts";

const brokerKills = bySize({ everyday: 1, ci: 1, long: 20 });
const PHASE_MS = bySize({ everyday: 1500, ci: 2500, long: 5000 });
const propagate = ["put", "rename", "link", "mkdir", "delete", "rmdir"];

/** What a host that is gone for good had under way stays there under its own inflight name: nobody else can know that it is gone. */
const ofDeadHosts = /\.[0-9a-f]{5}-[0-9a-z]+-\d+\.tmp$/;

/** Puts, renames, removals and rewrites of few paths, and files that only come. */
function storm(source: string, random: Random): { step: () => void } {
  let serial = 0;
  const some = (): string => `${source}/p${random.between(0, 24)}`;
  return {
    step() {
      serial += 1;
      switch (random.between(0, 5)) {
        case 0:
          return rmSync(some(), { force: true });
        case 1:
          try {
            return renameSync(some(), some());
          } catch {
            // There was none of that name.
            return;
          }
        case 2:
          mkdirSync(`${source}/kept`, { recursive: true });
          return writeFileSync(`${source}/kept/f${serial}`, `file ${serial}`);
        default:
          return writeFileSync(some(), `version ${serial} `.repeat(random.between(0, 300)));
      }
    },
  };
}

test(
  "four hosts share a queue; two are killed for good, the broker again and again: the destination ends as the source, and each file was announced",
  { timeout: bySize({ everyday: 180_000, ci: 240_000, long: 900_000 }) },
  async () => {
    await using hosts = await makeHosts();
    const random = new Random(chooseSeed("four hosts"));
    const [source, destination] = [hosts.place("source"), hosts.place("destination")];
    const [up, on] = ["xs_four", "xs_four_on"];
    await using listener = await listenTo(hosts.rabbitmq, hosts.directory, on);
    const told = hosts.host("told", {
      told: { source: { directory: source, rescan: "2s", propagate }, destination: { publish: { ...hosts.broker, exchange: up } } },
    });
    const sends = {
      source: { subscribe: { ...hosts.broker, exchange: up, queue: "q_four" }, base: source, propagate },
      destination: { url: `${hosts.far.url}${destination}`, ssh: hosts.far.ssh, lanes: 2 },
      announce: { ...hosts.broker, exchange: on, base_url: "sftp://hpfx" },
      retry: { attempts: 10, backoff: "50ms..500ms" },
    };
    const senders = ["a", "b", "c", "d"].map((name) => hosts.host(name, { sends }));
    told.start("--log-level", "warn");
    for (const sender of senders) sender.start("--log-level", "warn");
    await waitUntil("all four take messages", async () => (await queueOf(senders[0]!))?.consumers === 4, {
      timeoutMs: 60_000,
      everyMs: 500,
      explain: () => senders[0]!.log(),
    });

    const { step } = storm(source, random);
    const phase = async (): Promise<void> => {
      const untilMs = performance.now() + PHASE_MS;
      while (performance.now() < untilMs) {
        step();
        await sleep(random.between(0, 12));
      }
    };
    await phase();
    await senders[1]!.killHard();
    for (let kill = 0; kill < brokerKills; kill += 1) {
      await phase();
      await hosts.rabbitmq.kill();
      await phase();
      await hosts.rabbitmq.start();
    }
    await senders[2]!.killHard();
    await phase();

    const left = [senders[0]!, senders[3]!];
    let last = "";
    const logs = (): string => `${last}\n${[told, ...left].map((one) => one.log()).join("\n---\n")}`;
    const isAsSource = async (): Promise<boolean> => {
      const found = compareTrees(expected, await readTree(destination), { ignore: ofDeadHosts });
      last = JSON.stringify(found.slice(0, 20));
      return found.length === 0;
    };
    const expected = await readTree(source);
    await waitUntil("the destination is as the source", isAsSource, {
      timeoutMs: 120_000,
      everyMs: 500,
      explain: logs,
    });
    await waitUntil("nothing is left in the queue, or to be told", async () => await isQuiet(left), {
      timeoutMs: 90_000,
      everyMs: 500,
      explain: logs,
    });
    // Whatever came late changed nothing.
    expect(compareTrees(expected, await readTree(destination), { ignore: ofDeadHosts })).toEqual([]);
    for (const one of left) expect(await one.dead()).toEqual([]);

    const heard = await listener.heard();
    const announced = new Set(heard.map(({ fields }) => String(fields["relPath"])));
    const files = [...expected].filter(([, entry]) => entry.kind === "f").map(([path]) => path);
    expect(files.filter((path) => !announced.has(path))).toEqual([]);
    for (const one of [told, ...left]) await one.stop();
  },
);

type Broker = {
  role: string;
  owed?: number;
  queue?: { messages: number | null; consumers: number | null; waiting: number | null; dead: number | null };
};

async function brokersOf(hotdir: Hotdir): Promise<Broker[]> {
  const { stdout } = await hotdir.ask("status", "--json");
  return (JSON.parse(stdout) as { flows: Array<{ broker?: Broker[] }> }).flows.flatMap(({ broker }) => broker ?? []);
}

async function queueOf(hotdir: Hotdir): Promise<Broker["queue"]> {
  return (await brokersOf(hotdir)).find(({ role }) => role === "subscribe")?.queue;
}

async function isQuiet(hosts: Hotdir[]): Promise<boolean> {
  const all = (await Promise.all(hosts.map(async (one) => brokersOf(one)))).flat();
  const idle = await Promise.all(
    hosts.map(async (one) => (await one.status()).flows.every(({ counts }) => counts.queued + counts.sending === 0)),
  );
  return idle.every(Boolean) && all.every(({ owed, queue }) => (owed ?? 0) === 0 && (queue?.messages ?? 0) + (queue?.waiting ?? 0) === 0);
}
