import type { Comparison, Row } from "./comparison.ts";
import { short, table } from "./figures.ts";
import type { QueueResult, StatusFault } from "./queue.ts";
import { medianDeliveringMs, medianWallMs, type Report, rowOf, timesAsFast } from "./report.ts";
import { judge, nameScene } from "./wanted.ts";

/** The report for a person. */
export function render(report: Report): string {
  const parts = [
    renderMachine(report),
    renderLegend(report),
    ...report.comparisons.map(renderComparison),
    renderLatencies(report),
    report.queue === null ? "" : renderQueue(report.queue),
    renderScans(report),
    renderJudgements(report),
    report.options.quick ? "A quick run: the amounts are too small for the figures to mean anything." : "",
    report.faults.map((fault) => `BROKE OFF: ${fault}`).join("\n"),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function renderMachine({ machine, options }: Report): string {
  const systems = Object.entries(machine.fileSystems).map(([name, type]) => `${name} is ${type}`);
  return [
    `${machine.date}; ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${machine.kernel}; ${systems.join(", ")}`,
    `${machine.openssh}; cipher ${machine.cipher}; ${machine.rsync}; node ${machine.node}; load before the start ${short(machine.loadBefore)}`,
    `median of ${options.rounds} ${options.rounds === 1 ? "round" : "rounds"}, taken in turns; source, destination and ledger on the same file system; page cache warm`,
  ].join("\n");
}

function renderLegend({ commands }: Report): string {
  if (Object.keys(commands).length === 0) return "";
  return table(Object.entries(commands)).replaceAll(/^( {2}.*?) {2,}(\S.*)$/gm, "$1\n      $2");
}

function renderComparison(comparison: Comparison): string {
  const none = rowOf(comparison, "hotdir, verify none");
  const verified = rowOf(comparison, "hotdir, verify sha256");
  const header = [
    "",
    "whole process s",
    "(from – to)",
    "first seen to last delivered s",
    "files/s",
    "MB/s",
    "hotdir none is",
    "hotdir sha256 is",
  ];
  const rows = comparison.rows.map((row) => [...timesOf(row), times(none, row), times(verified, row)]);
  const notes = comparison.rows.flatMap((row) => [
    ...row.faults.map((fault) => `  ${row.tool} FAILED: ${fault}`),
    ...(row.leftOut === null ? [] : [`  ${row.tool} is left out: ${row.leftOut}`]),
    ...(row.load.files < (rowOf(comparison, "rsync -a")?.load.files ?? 0)
      ? [`  ${row.tool} was given only ${row.load.files} files; the ratio is of files/s`]
      : []),
  ]);
  return [`${comparison.title}; ${nameScene(comparison.scene)}`, table([header, ...rows]), ...notes].join("\n");
}

function timesOf(row: Row): string[] {
  if (row.samples.length === 0) return [row.tool, "–", "", "", "", ""];
  const walls = row.samples.map((sample) => sample.wallMs / 1000);
  const wallS = medianWallMs(row) / 1000;
  const deliveringMs = medianDeliveringMs(row);
  return [
    row.tool,
    short(wallS),
    `(${short(Math.min(...walls))} – ${short(Math.max(...walls))})`,
    deliveringMs === null ? "" : short(deliveringMs / 1000),
    row.load.files === 1 ? "" : short(row.load.files / wallS),
    short(row.load.bytes / 1e6 / wallS),
  ];
}

function times(ours: Row | null, row: Row): string {
  const found = ours === null || ours === row ? null : timesAsFast(ours, row);
  return found === null ? "" : `${short(found)} × as fast`;
}

function renderLatencies({ latencies }: Report): string {
  if (latencies.length === 0) return "";
  const rows = latencies.map((one) => [
    `${nameScene(one.scene)}, verify ${one.verify}`,
    short(one.medianMs),
    short(one.p95Ms),
    short(one.maxMs),
  ]);
  const files = latencies[0]!.files;
  return [
    `From close to the final name, ms; an idle daemon, a file of 4 KiB every 200 ms, ${files} of them`,
    table([["", "median", "p95", "max"], ...rows]),
  ].join("\n");
}

function renderQueue(queue: QueueResult): string {
  const { waiting, working } = queue;
  return [
    `${queue.entries.toLocaleString("en")} queued; tmpfs; resident memory of the daemon (VmRSS)`,
    table([
      ["", "most MiB", "status ms"],
      ["while they are admitted", short(queue.admittingMiB), ""],
      [`while they wait (${short(waiting.endMiB)} at the end)`, short(waiting.maxMiB), status(waiting.statusMs)],
      [`while they are sent (${short(working.deliveredPerS)} empty files/s)`, short(working.maxMiB), status(working.statusMs)],
    ]),
    `  SIGTERM to the end: ${short(queue.stopS)} s`,
  ].join("\n");
}

function status(ms: number | StatusFault): string {
  return typeof ms === "number" ? short(ms) : `no answer: ${ms.fault}`;
}

function renderScans({ scans }: Report): string {
  if (scans.length === 0) return "";
  const rows = scans.map(({ place, entries, wallS, ledgerS }) => [
    `${entries.toLocaleString("en")} empty files and directories, ${place}`,
    short(wallS),
    short(entries / wallS),
    short(entries / ledgerS),
  ]);
  return [
    "Admission of what is there at the start; the destination is out of reach",
    table([["", "from the process's start s", "files/s", "files/s, first seen to last"], ...rows]),
  ].join("\n");
}

function renderJudgements(report: Report): string {
  const judgements = judge(report);
  if (judgements.length === 0) return "";
  const rows = judgements.map(({ wanted, found, delivering, met }) => [wanted, found, delivering ?? "", met ? "met" : "NOT MET"]);
  return ["Wanted", table([["", "found", "without start and connecting", ""], ...rows])].join("\n");
}
