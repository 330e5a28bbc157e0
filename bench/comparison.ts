import { dirname, join } from "node:path";
import { type Contender, renew, type Sample } from "./contenders.ts";
import { type DataSet, type Load, warm } from "./data-sets.ts";
import { judgeCopy } from "./judge-copy.ts";
import type { Scene } from "./options.ts";
import type { Place } from "./places.ts";

export type Row = {
  tool: string;
  load: { files: number; bytes: number };
  samples: Sample[];
  /** A run that failed, or whose copy was wrong, has no time. */
  faults: string[];
  leftOut: string | null;
};

export type Comparison = { suite: DataSet["name"]; title: string; scene: Scene; rows: Row[] };

export type ComparisonOrder = {
  dataSet: DataSet;
  place: Place;
  rttMs: number;
  contenders: Contender[];
  rounds: number;
  host: string;
  sshConfigFile: string;
  timeoutMs: number;
  signal: AbortSignal;
  tell: (text: string) => void;
};

/** All tools on one load, in turns (A B C, A B C), each onto an empty destination; every copy is looked at, outside of the time. */
export async function compare(order: ComparisonOrder): Promise<Comparison> {
  const { dataSet, place, rttMs } = order;
  const present = order.contenders.filter((contender) => rttMs === 0 || contender.needsNetwork);
  const rows = present.map((contender) => ({ contender, ...rowFor(contender, dataSet, rttMs) }));
  warm(dirname(dataSet.whole.source));
  for (let round = 1; round <= order.rounds; round++) {
    for (const { contender, row, load } of rows) {
      // After Ctrl-C the rounds that were measured are still told.
      if (load === null || order.signal.aborted) continue;
      const outcome = await runOnce(contender, load, order);
      if (typeof outcome === "string") row.faults.push(outcome);
      else row.samples.push(outcome);
      const told = typeof outcome === "string" ? `FAILED: ${outcome}` : `${(outcome.wallMs / 1000).toFixed(2)} s`;
      order.tell(`  ${dataSet.name}, ${place.name}, ${rttMs} ms, round ${round}: ${contender.name}: ${told}`);
    }
  }
  return { suite: dataSet.name, title: dataSet.title, scene: { place: place.name, rttMs }, rows: rows.map(({ row }) => row) };
}

function rowFor(contender: Contender, dataSet: DataSet, rttMs: number): { row: Row; load: Load | null } {
  const tooSlow = contender.oneByOne && rttMs > 0 && dataSet.whole.files > 1;
  const load = tooSlow ? dataSet.sample : dataSet.whole;
  const { files, bytes } = load ?? dataSet.whole;
  const leftOut = load === null ? "round trips for each file, one by one: too long to wait for" : null;
  return { row: { tool: contender.name, load: { files, bytes }, samples: [], faults: [], leftOut }, load };
}

async function runOnce(contender: Contender, load: Load, order: ComparisonOrder): Promise<Sample | string> {
  const { directory } = order.place;
  const destination = renew(join(directory, "destination"));
  const work = renew(join(directory, "work"));
  await order.place.settle();
  const { host, sshConfigFile, timeoutMs, signal } = order;
  try {
    const { source, entry, files } = load;
    const sample = await contender.run({ source, entry, isFile: files === 1, destination, host, sshConfigFile, work, timeoutMs, signal });
    const wrong = await judgeCopy(source, destination, entry);
    return wrong === null ? sample : `the copy is wrong: ${wrong}`;
  } catch (error) {
    if (signal.aborted) return "interrupted";
    return error instanceof Error ? error.message : String(error);
  }
}
