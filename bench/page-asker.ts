import { Agent, get, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { openEngine } from "../src/cli/engine.ts";
import type { Configuration } from "../src/config/parse.ts";
import { statusJson } from "../src/daemon/json/status-json.ts";
import { statusFacts } from "../src/daemon/status-facts.ts";

export const questions = {
  "/api/status": "api/status",
  "/api/queue": "api/queue",
  "/api/dead": "api/dead",
  "/api/search, a prefix": "api/search?q=archive/7",
  "/api/search, a name": "api/search?q=run-9",
  "/api/throughput": "api/throughput?flow=hot&span=4w",
  "/api/explain": "api/explain?flow=hot&path=archive/1/run-998.nc",
} as const;
export type Question = keyof typeof questions | "status --json";

/** How long each took, in milliseconds, from asking to the last byte. */
export type Asked = Map<Question, number[]>;

/** Asks everything in turn, so many times a second, and watches the events besides, until it is told to end. */
export async function askAll(
  at: { address: string; token: string; stateDirectory: string; configuration: Configuration },
  perS: number,
  signal: AbortSignal,
): Promise<Asked> {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const headers = { Authorization: `Bearer ${at.token}` };
  const asked: Asked = new Map();
  const events = get(`${at.address}api/events`, { headers, signal }, (answer) => answer.resume());
  // Its end is what the signal is for.
  events.on("error", () => undefined);
  const all: Array<[Question, () => Promise<void>]> = [
    ...(Object.entries(questions) as Array<[Question, string]>).map(([name, path]): [Question, () => Promise<void>] => [
      name,
      () => askPage(`${at.address}${path}`, headers, agent),
    ]),
    ["status --json", () => askStatus(at.stateDirectory, at.configuration)],
  ];
  for (let turn = 0; !signal.aborted; turn++) {
    const [name, question] = all[turn % all.length]!;
    const startMs = performance.now();
    await question();
    const tookMs = performance.now() - startMs;
    asked.set(name, [...(asked.get(name) ?? []), tookMs]);
    await sleep(Math.max(0, 1000 / perS - tookMs));
  }
  agent.destroy();
  return asked;
}

async function askPage(url: string, headers: Record<string, string>, agent: Agent): Promise<void> {
  const [answer] = (await once(get(url, { headers, agent }), "response")) as [IncomingMessage];
  for await (const piece of answer) void piece;
  if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode}`);
}

/** What `hotdir status --json` does, without the start of a process. */
async function askStatus(stateDirectory: string, { flows }: Configuration): Promise<void> {
  using engine = await openEngine(stateDirectory);
  JSON.stringify(statusJson(statusFacts({ settings: flows, db: engine.db, live: engine.live, nowMs: Date.now() })));
}
