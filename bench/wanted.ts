import type { Comparison } from "./comparison.ts";
import { short } from "./figures.ts";
import type { Scene, Suite } from "./options.ts";
import { type Report, medianDeliveringMs, medianWallMs, rowOf } from "./report.ts";

/** What the project asks of itself. `found` without node's start-up and connecting (`delivering`) is told, and does not count. */
export type Judgement = { wanted: string; found: string; delivering: string | null; met: boolean };

type Race = { suite: Suite; scene: Scene; ours: string; theirs: string; timesAsFast: number };

const near: Scene = { place: "shm", rttMs: 0 };
const far: Scene = { place: "shm", rttMs: 50 };

const races: Race[] = [
  { suite: "small", scene: near, ours: "hotdir, verify none", theirs: "rsync -a", timesAsFast: 1 },
  { suite: "small", scene: near, ours: "hotdir, verify sha256", theirs: "rsync -a; rsync -ac", timesAsFast: 1 },
  { suite: "large", scene: near, ours: "hotdir, verify none", theirs: "sftp put", timesAsFast: 1 },
  { suite: "large", scene: near, ours: "hotdir, verify sha256", theirs: "sftp put", timesAsFast: 1 / 1.5 },
  { suite: "small", scene: far, ours: "hotdir, verify none", theirs: "rsync -a", timesAsFast: 1 },
  { suite: "large", scene: far, ours: "hotdir, verify none", theirs: "rsync -a", timesAsFast: 4 },
];

const LATENCY_MS = 100;
const QUEUE_MIB = 150;
const STATUS_MS = 1000;
const SCAN_PER_S = 20_000;

/** Only what this run measured, and nothing of a quick one. Pure. */
export function judge(report: Report): Judgement[] {
  if (report.options.quick) return [];
  return [...judgeRaces(report), ...judgeLatency(report), ...judgeQueue(report), ...judgeScans(report)];
}

function judgeRaces(report: Report): Judgement[] {
  return races.flatMap((race) => {
    const comparison = report.comparisons.find((one) => one.suite === race.suite && isSame(one.scene, race.scene));
    return comparison === undefined ? [] : judgeRace(race, comparison);
  });
}

function judgeRace(race: Race, comparison: Comparison): Judgement[] {
  const [ours, theirs] = [rowOf(comparison, race.ours), rowOf(comparison, race.theirs)];
  if (ours === null || theirs === null) return [];
  const times = medianWallMs(theirs) / medianWallMs(ours);
  const deliveringMs = medianDeliveringMs(ours);
  return [
    {
      wanted: `${comparison.title}, ${nameScene(race.scene)}: ${race.ours}, at least ${short(race.timesAsFast)} × ${race.theirs}`,
      found: `${short(times)} ×`,
      delivering: deliveringMs === null ? null : `${short(medianWallMs(theirs) / deliveringMs)} ×`,
      met: times >= race.timesAsFast,
    },
  ];
}

function judgeLatency(report: Report): Judgement[] {
  const found = report.latencies.find((one) => isSame(one.scene, near) && one.verify === "sha256");
  if (found === undefined) return [];
  const wanted = `from close to published, idle, ${nameScene(near)}, verify sha256: median under ${LATENCY_MS} ms`;
  return [{ wanted, found: `${short(found.medianMs)} ms`, delivering: null, met: found.medianMs < LATENCY_MS }];
}

function judgeQueue({ queue }: Report): Judgement[] {
  if (queue === null) return [];
  const entries = queue.entries.toLocaleString("en");
  const maxMiB = Math.max(queue.admittingMiB, queue.waiting.maxMiB, queue.working.maxMiB);
  const status = [queue.waiting.statusMs, queue.working.statusMs];
  const slowestMs = Math.max(...status.map((ms) => (typeof ms === "number" ? ms : Number.POSITIVE_INFINITY)));
  return [
    {
      wanted: `${entries} queued: under ${QUEUE_MIB} MiB resident`,
      found: `${short(maxMiB)} MiB`,
      delivering: null,
      met: maxMiB < QUEUE_MIB,
    },
    {
      wanted: `${entries} queued: status under ${STATUS_MS} ms`,
      found: `${short(slowestMs)} ms`,
      delivering: null,
      met: slowestMs < STATUS_MS,
    },
  ];
}

function judgeScans({ scans }: Report): Judgement[] {
  return scans.map(({ place, entries, wallS, ledgerS }) => ({
    wanted: `scan of ${entries.toLocaleString("en")} entries (${place}): at least ${SCAN_PER_S.toLocaleString("en")} files/s`,
    found: `${short(entries / wallS)} /s`,
    delivering: `${short(entries / ledgerS)} /s`,
    met: entries / wallS >= SCAN_PER_S,
  }));
}

function isSame(one: Scene, other: Scene): boolean {
  return one.place === other.place && one.rttMs === other.rttMs;
}

export function nameScene({ place, rttMs }: Scene): string {
  return `${place === "shm" ? "tmpfs" : "disk"}, ${rttMs === 0 ? "straight" : `round trip of ${rttMs} ms`}`;
}
