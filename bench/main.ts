/** `npm run bench -- --help`. Runs the suites one after the other, tells each run as it ends, then the whole as a table. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compare } from "./comparison.ts";
import { contenders } from "./contenders.ts";
import { makeDataSet } from "./data-sets.ts";
import { startFarSide } from "./far-side.ts";
import { measureLatency } from "./latency.ts";
import { describeMachine } from "./machine.ts";
import { help, type Options, parseOptions, type Scene, type Suite } from "./options.ts";
import { makePlace, type Place } from "./places.ts";
import { measureQueue } from "./queue.ts";
import { render } from "./render.ts";
import type { Report } from "./report.ts";
import { measureScan } from "./scan.ts";
import { nameScene } from "./wanted.ts";

type Bench = {
  options: Options;
  report: Report;
  places: Map<string, Place>;
  farSide: Awaited<ReturnType<typeof startFarSide>>;
  signal: AbortSignal;
};

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort(new Error("interrupted")));
process.exitCode = await main();

async function main(): Promise<number> {
  let options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${help}`);
    return 2;
  }
  if (options === "help" || options.list) {
    console.log(options === "help" ? help : list(options));
    return 0;
  }
  await using undo = new AsyncDisposableStack();
  const places = new Map(options.scenes.map(({ place }) => [place, place]).map(([name]) => [name!, undo.use(makePlace(name!))]));
  const farSide = undo.use(await startFarSide(options.cipher));
  const machine = describeMachine(farSide, Object.fromEntries([...places].map(([name, place]) => [name, place.directory])));
  const report: Report = {
    machine,
    options,
    commands: {},
    comparisons: [],
    latencies: [],
    queue: null,
    scans: [],
    faults: [],
    complete: false,
  };
  const bench: Bench = { options, report, places, farSide, signal: stop.signal };
  for (const suite of options.suites) {
    if (stop.signal.aborted) break;
    try {
      await runSuite(suite, bench);
    } catch (error) {
      report.faults.push(`${suite}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  report.complete = !stop.signal.aborted && report.faults.length === 0;
  console.log(`\n${render(report)}`);
  console.log(`written: ${save(report)}`);
  return stop.signal.aborted ? 130 : report.complete ? 0 : 1;
}

async function runSuite(suite: Suite, bench: Bench): Promise<void> {
  switch (suite) {
    case "small":
    case "large":
    case "mixed":
      return runComparisons(suite, bench);
    case "latency":
      return runLatencies(bench);
    case "queue":
      return runQueue(bench);
    case "scan":
      return runScans(bench);
  }
}

async function runComparisons(suite: "small" | "large" | "mixed", { options, report, places, farSide, signal }: Bench): Promise<void> {
  const all = contenders(options.lanes);
  report.commands = Object.fromEntries(all.map(({ name, command }) => [name, command]));
  for (const place of places.values()) {
    tell(`${suite}: making files on ${place.name}`);
    const sources = join(place.directory, "data");
    const dataSet = makeDataSet(suite, sources, options.quick);
    for (const { rttMs } of options.scenes.filter((scene) => scene.place === place.name)) {
      const reach = { host: farSide.alias, sshConfigFile: await farSide.at(rttMs) };
      const timeoutMs = options.quick ? 60_000 : 10 * 60_000;
      report.comparisons.push(
        await compare({ dataSet, place, rttMs, contenders: all, rounds: options.rounds, ...reach, timeoutMs, signal, tell }),
      );
    }
    rmSync(sources, { recursive: true });
  }
}

async function runLatencies({ options, report, places, farSide, signal }: Bench): Promise<void> {
  for (const { place: name, rttMs } of options.scenes) {
    for (const verify of ["none", "sha256"] as const) {
      tell(`latency: ${nameScene({ place: name, rttMs })}, verify ${verify}`);
      const order = { place: places.get(name)!, rttMs, verify, files: options.quick ? 5 : 100, lanes: options.lanes };
      report.latencies.push(await measureLatency({ ...order, host: farSide.alias, sshConfigFile: await farSide.at(rttMs), signal }));
    }
  }
}

/** On the first place only: what it measures is memory. */
async function runQueue({ options, report, places, farSide, signal }: Bench): Promise<void> {
  const files = options.quick ? 10_000 : 1_000_000;
  const [place] = places.values();
  tell(`queue: ${files} files`);
  report.queue = await measureQueue({
    place: place!,
    farSide,
    files,
    lanes: options.lanes,
    phaseMs: options.quick ? 2000 : 30_000,
    signal,
  });
}

async function runScans({ options, report, places, farSide }: Bench): Promise<void> {
  for (const place of places.values()) {
    tell(`scan: ${place.name}`);
    report.scans.push(await measureScan({ place, farSide, files: options.quick ? 5000 : 200_000, lanes: options.lanes }));
  }
}

function list(options: Options): string {
  const scenes = options.scenes.map((scene: Scene) => nameScene(scene));
  return [
    `suites: ${options.suites.join(", ")}`,
    `places: ${scenes.join("; ")}`,
    `rounds: ${options.rounds}`,
    ...contenders(options.lanes).map(({ name, command }) => `${name}\n    ${command}`),
  ].join("\n");
}

function tell(text: string): void {
  console.error(text);
}

/** The path of the JSON file. */
function save(report: Report): string {
  const directory = fileURLToPath(new URL("../.bench/", import.meta.url));
  mkdirSync(directory, { recursive: true });
  const stem = join(directory, report.machine.date.replaceAll(":", "-").replace(/\..*/, ""));
  writeFileSync(`${stem}.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${stem}.txt`, render(report));
  return `${stem}.json`;
}
