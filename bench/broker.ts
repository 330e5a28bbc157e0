/** `npm run bench:broker`. What a RabbitMQ between the one who sees a file and the ones who send it costs, and what more hosts bring. */
import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Hotdir } from "../test/support/daemon.ts";
import { startBroker } from "../test/support/rabbitmq.ts";
import { waitUntil } from "../test/support/waiting.ts";
import { renew } from "./contenders.ts";
import { makeDataSet, warm } from "./data-sets.ts";
import { startFarSide } from "./far-side.ts";
import { median, short, table } from "./figures.ts";
import { openLedger, prepareHotdir, readDelivered } from "./hotdir.ts";
import { measureLatency } from "./latency.ts";
import { describeMachine } from "./machine.ts";
import { makePlace } from "./places.ts";

const LANES = 5;
const hostCounts = [1, 2, 4];
const quick = process.argv.includes("--quick");
const FILES = quick ? 1000 : 20_000;
const LATENCY_FILES = quick ? 10 : 50;
const roundsAt = process.argv.indexOf("--rounds");
const ROUNDS = roundsAt > 0 ? Number(process.argv[roundsAt + 1]) : 1;
/** Sarracenia 3.00.56 with 5 senders, on a machine like the one of the project: 5,000 files of 4 KiB, and files one by one. */
const sr3 = { filesPerS: 187, latencyMs: 2980, memoryMiB: 341, statusS: 1 };

const signal = new AbortController().signal;
using place = makePlace("shm");
await using far = await startFarSide(null);
await using rabbitmq = await startBroker();
const data = makeDataSet("small", join(place.directory, "data"), quick);
const { source } = data.whole;
const credentials = join(place.directory, "credentials.conf");
writeFileSync(credentials, `amqp://${rabbitmq.user.name}:${rabbitmq.user.password}@127.0.0.1:${rabbitmq.port}/\n`, { mode: 0o600 });

const broker = { broker: `amqp://${rabbitmq.user.name}@127.0.0.1:${rabbitmq.port}/`, credentials };
const remote = (destination: string): object => ({
  url: `sftp://${far.alias}${destination}`,
  ssh: ["ssh", "-F", far.direct],
  lanes: LANES,
});

function posting(from: string, exchange: string): object {
  return { source: { directory: from }, destination: { publish: { ...broker, exchange, base_url: `file:${from}` } } };
}

function sending(destination: string, exchange: string, base: string): object {
  return { source: { subscribe: { ...broker, exchange, queue: `q_${exchange}` }, base }, destination: remote(destination) };
}

type Host = { hotdir: Hotdir; stateDirectory: string };

function host(name: string, flows: object): Host {
  return prepareHotdir({
    directory: renew(join(place.directory, name)),
    source,
    destination: "",
    host: far.alias,
    sshConfigFile: far.direct,
    verify: "sha256",
    lanes: LANES,
    flows,
  });
}

/** How much of each flow is done; by the ledger beside the daemon. */
function delivered({ stateDirectory }: Host, flow: string): number {
  let ledger: DatabaseSync;
  try {
    ledger = openLedger(stateDirectory);
  } catch {
    return 0;
  }
  using open = ledger;
  const row = open.prepare("SELECT delivered FROM tally JOIN flow ON flow.id = tally.flow WHERE flow.name = ?").get(flow);
  return Number(row?.["delivered"] ?? 0);
}

async function until(hosts: Host[], flow: string, wanted: number): Promise<void> {
  await waitUntil(`${wanted} of ${flow}`, () => hosts.reduce((sum, one) => sum + delivered(one, flow), 0) >= wanted, {
    timeoutMs: 300_000,
    everyMs: 100,
    explain: () => hosts.map(({ hotdir }) => hotdir.log()).join("\n"),
  });
}

/** From the first sighting to the last end, over all hosts: without node's start and end. */
function rate(hosts: Host[], flow: string): number {
  const times = hosts.map(({ stateDirectory }) => {
    using ledger = openLedger(stateDirectory);
    return ledger
      .prepare(
        "SELECT count(*) AS files, min(seen_at) AS first, max(ended_at) AS last FROM transfer JOIN flow ON flow.id = transfer.flow WHERE flow.name = ? AND state = 'delivered' AND kind = 'put'",
      )
      .get(flow) as { files: number; first: number; last: number };
  });
  const worked = times.filter(({ files }) => files > 0);
  const files = worked.reduce((sum, { files: each }) => sum + each, 0);
  const tookMs = Math.max(...worked.map(({ last }) => last)) - Math.min(...worked.map(({ first }) => first));
  return (files * 1000) / tookMs;
}

const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) / 1024;

async function declare({ hotdir }: Host): Promise<void> {
  const { status, stdout, stderr } = await hotdir.ask("declare");
  if (status !== 0) throw new Error(`declare ended with ${status}: ${stdout}${stderr}`);
}

async function alone(): Promise<number> {
  const destination = renew(join(place.directory, "arrived"));
  const one = host("alone", { direct: { source: { directory: source }, destination: remote(destination) } });
  if ((await one.hotdir.runUntilIdle(300_000)) !== 0) throw new Error(one.hotdir.log());
  const { transfers, deliveringMs } = readDelivered(one.stateDirectory);
  return (transfers * 1000) / deliveringMs;
}

type Split = { posts: number; deliveries: number; memoryMiB: number; statusMs: number };

/** First all are posted, then `count` hosts send what waits in the queue. */
async function split(count: number): Promise<Split> {
  const destination = renew(join(place.directory, "arrived"));
  const exchange = `xs_bench_${count}_${Date.now()}`;
  const hosts = Array.from({ length: count }, (_, at) => host(`sender${at}`, { send: sending(destination, exchange, source) }));
  const poster = host("poster", { post: posting(source, exchange) });
  // The exchange first, and the queue before anything is posted.
  await declare(poster);
  await declare(hosts[0]!);
  poster.hotdir.start();
  await until([poster], "post", FILES);
  await poster.hotdir.stop();
  for (const { hotdir } of hosts) hotdir.start();
  await until(hosts, "send", FILES);
  const memoryMiB = residentMiB(hosts[0]!.hotdir.pid);
  const before = performance.now();
  await hosts[0]!.hotdir.status();
  const statusMs = performance.now() - before;
  for (const { hotdir } of hosts) await hotdir.stop();
  return { posts: rate([poster], "post"), deliveries: rate(hosts, "send"), memoryMiB, statusMs };
}

/** One daemon posts and sends at once: what a user has on one machine. */
async function together(): Promise<number> {
  const destination = renew(join(place.directory, "arrived"));
  const exchange = `xs_bench_both_${Date.now()}`;
  const one = host("both", { post: posting(source, exchange), send: sending(destination, exchange, source) });
  await declare(one);
  one.hotdir.start();
  await until([one], "send", FILES);
  await one.hotdir.stop();
  using ledger = openLedger(one.stateDirectory);
  const { first, last } = ledger.prepare("SELECT min(seen_at) AS first, max(ended_at) AS last FROM transfer WHERE kind = 'put'").get() as {
    first: number;
    last: number;
  };
  return (FILES * 1000) / (last - first);
}

const machine = describeMachine(far, { shm: place.directory });
process.stdout.write(
  `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, node ${machine.node}, load ${machine.loadBefore}; ${data.title}\n`,
);
warm(source);
const runs = { alone: [] as number[], together: [] as number[], split: new Map<number, Split[]>() };
for (let round = 0; round < ROUNDS; round++) {
  runs.alone.push(await alone());
  process.stdout.write(`  without a broker ${short(runs.alone.at(-1)!)} files/s\n`);
  for (const count of hostCounts) {
    const one = await split(count);
    runs.split.set(count, [...(runs.split.get(count) ?? []), one]);
    process.stdout.write(
      `  ${count} hosts: posts ${short(one.posts)}/s, deliveries ${short(one.deliveries)}/s, load ${short(loadavg()[0]!)}\n`,
    );
  }
  runs.together.push(await together());
  process.stdout.write(`  posting and sending at once ${short(runs.together.at(-1)!)} files/s\n`);
}
const latency = await measureLatency({
  place,
  rttMs: 0,
  verify: "sha256",
  files: LATENCY_FILES,
  lanes: LANES,
  host: far.alias,
  sshConfigFile: far.direct,
  flows: (from, to) => ({ post: posting(from, "xs_bench_latency"), send: sending(to, "xs_bench_latency", from) }),
  signal,
});

const direct = median(runs.alone);
const middle = (count: number, of: (one: Split) => number): number => median((runs.split.get(count) ?? []).map(of));
const rows = [
  ["", "posts/s", "deliveries/s", "without a broker", "sr3, 5 senders"],
  ...hostCounts.map((count) => {
    const deliveries = middle(count, (one) => one.deliveries);
    return [
      `${count} host${count === 1 ? "" : "s"}`,
      short(middle(count, (one) => one.posts)),
      short(deliveries),
      `${short(deliveries / direct)} x`,
      `${short(deliveries / sr3.filesPerS)} x`,
    ];
  }),
  [
    "posting and sending at once",
    "",
    short(median(runs.together)),
    `${short(median(runs.together) / direct)} x`,
    `${short(median(runs.together) / sr3.filesPerS)} x`,
  ],
];
process.stdout.write(
  `\n${table(rows)}\n\n  without a broker: ${short(direct)} files/s\n` +
    `  close to final name with the broker between: median ${short(latency.medianMs)} ms, p95 ${short(latency.p95Ms)} ms (sr3 ${sr3.latencyMs} ms)\n` +
    `  memory of a sending host after ${FILES} files: ${short(middle(1, (one) => one.memoryMiB))} MiB (sr3 ${sr3.memoryMiB} MiB in 6 processes)\n` +
    `  status: ${short(middle(1, (one) => one.statusMs))} ms (sr3 ${sr3.statusS * 1000} ms)\n`,
);
