import type { ActiveFacts, FlowFacts, StatusFacts } from "../../daemon/status-facts.ts";
import { setStory } from "../../daemon/set-story.ts";
import { show } from "../../kernel/path.ts";
import { formatAge, formatBytes, formatCount, formatMany, formatPerS, formatTime } from "../../kernel/readable.ts";
import { brokerLine } from "./broker-line.ts";
import { tableLine } from "./table-line.ts";
import { type Look, padEnd, progressBar, shorten, type Style, table } from "./terminal.ts";

const heads = ["FLOW", "STATE", "QUEUED", "SENDING", "DELIVERED", "DEAD", "BEHIND", "RATE", "LANES"];
const numbers = new Set([2, 3, 4, 5, 6, 7, 8]);
const NAME_COLUMNS_MAX = 32;
const ACTIVE_SHOWN = 8;
const BAR_COLUMNS = 20;
/** A bar for something that is done at the next look tells nobody anything. */
const LARGE_BYTES = 1024 * 1024;

const stateStyles: Record<FlowFacts["state"], Style> = {
  running: "green",
  paused: "yellow",
  waiting: "yellow",
  halted: "red",
  stopped: "dim",
};

/** A table of the flows, then what each is about. `verbose` adds where from, where to, and how. */
export function statusText(facts: StatusFacts, look: Look, verbose: boolean): string {
  const lines = [daemonLine(facts), ""];
  const rows = table([heads, ...facts.flows.map(cellsOf)], numbers);
  lines.push(look.paint("dim", rows[0]!));
  for (const [index, flow] of facts.flows.entries()) {
    lines.push(look.paint(flow.state === "running" ? "bold" : stateStyles[flow.state], rows[index + 1]!));
    lines.push(...detailsOf(flow, facts.atMs, look, verbose).map((line) => `  ${line}`));
  }
  return `${lines.join("\n")}\n`;
}

function daemonLine({ daemon, atMs }: StatusFacts): string {
  if (!daemon.running) return "The daemon does not run; 'hotdir run' starts it. This is what the ledger says.";
  return `The daemon runs: process ${daemon.pid}, since ${formatTime(daemon.sinceMs)} (${formatAge(atMs - daemon.sinceMs)}), ${formatBytes(daemon.residentBytes)} of memory.`;
}

function cellsOf(flow: FlowFacts): string[] {
  const { counts, rate, lanes, freshnessMs } = flow;
  const moving = rate.filesPerS >= 0.05 || rate.bytesPerS >= 1;
  return [
    shorten(flow.name, NAME_COLUMNS_MAX),
    flow.state,
    formatCount(counts.queued + counts.settling),
    formatCount(counts.sending),
    formatCount(counts.delivered),
    formatCount(counts.dead),
    freshnessMs === null ? "-" : formatAge(freshnessMs),
    moving ? `${formatPerS(rate.filesPerS)} files/s, ${formatBytes(rate.bytesPerS)}/s` : "-",
    `${lanes.open}/${lanes.max}`,
  ];
}

function detailsOf(flow: FlowFacts, atMs: number, look: Look, verbose: boolean): string[] {
  const lines: string[] = [];
  if (flow.reason !== null) lines.push(look.paint(stateStyles[flow.state], `${flow.state}: ${flow.reason}`));
  lines.push(look.paint("dim", conservation(flow, verbose)));
  if (verbose) lines.push(...about(flow));
  else if (flow.watching?.kind === "scan-only")
    lines.push(look.paint("yellow", `no events for this source: ${flow.watching.reason}; it is scanned instead`));
  if (flow.table !== null) lines.push(tableLine(flow.table, look));
  lines.push(...flow.broker.map((one) => brokerLine(one, look)));
  lines.push(...finishLines(flow, look));
  lines.push(...setLines(flow, look));
  if (flow.notice !== null) lines.push(look.paint("yellow", flow.notice));
  if (flow.counts.dead > 0)
    lines.push(look.paint("red", `${formatMany(flow.counts.dead, "dead letter")}: 'hotdir dead ${flow.name}' lists them`));
  const large = flow.active.filter((active) => active.sizeBytes > LARGE_BYTES);
  lines.push(...large.slice(0, ACTIVE_SHOWN).flatMap((active) => activeLines(active, atMs, look)));
  if (large.length > ACTIVE_SHOWN) lines.push(`... and ${formatMany(large.length - ACTIVE_SHOWN, "more large file")} under way`);
  return lines;
}

/** What is done with deliveries, and what of it waits for a person. */
function finishLines({ name, ingest, catalog }: FlowFacts, look: Look): string[] {
  const lines: string[] = [];
  if (catalog !== null && catalog.owed > 0)
    lines.push(
      look.paint(catalog.refused > 0 ? "yellow" : "dim", `catalog: ${formatMany(catalog.owed, "delivery", "deliveries")} to enter`),
    );
  if (ingest === null) return lines;
  const terms: Array<[number, string]> = [
    [ingest.UNTRIED + ingest.RERUN, "to go"],
    [ingest.PENDING, "at work"],
    [ingest.SUCCESS, "ingested"],
    [ingest.IGNORED, "passed over"],
  ];
  const shown = terms.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`);
  if (shown.length > 0) lines.push(look.paint("dim", `ingest: ${shown.join(", ")}`));
  const troubled = [
    ingest.FAILURE > 0 ? `${formatCount(ingest.FAILURE)} failed` : "",
    ingest.UNKNOWN > 0 ? `${formatCount(ingest.UNKNOWN)} interrupted` : "",
  ];
  const told = troubled.filter((text) => text !== "").join(", ");
  if (told !== "")
    lines.push(look.paint("red", `ingest: ${told}: 'hotdir explain PATH' says why, 'hotdir retry -f ${name} --all' tries again`));
  return lines;
}

function setLines({ name, completion }: FlowFacts, look: Look): string[] {
  if (completion === null) return [];
  const { open, complete, sets } = completion;
  const lines = [look.paint("dim", `${formatMany(complete, "set")} complete, ${formatCount(open)} open`)];
  for (const set of sets) {
    const isStuck = set.waits.first.some(({ state }) => state === "dead");
    lines.push(look.paint(isStuck ? "red" : "cyan", `${show(set.path)}: ${setStory(name, set)}`));
  }
  if (open > sets.length) lines.push(`... and ${formatMany(open - sets.length, "more open set")}`);
  return lines;
}

/** The conservation law: what was seen is all accounted for. Terms that are 0 are left out, unless `all` are wanted. */
function conservation({ counts, bytes }: FlowFacts, all: boolean): string {
  const { seen, ...terms } = counts;
  const shown = Object.entries(terms).filter(([, count]) => all || count > 0);
  const sum = shown.map(([name, count]) => `${formatCount(count)} ${name}`).join(" + ");
  const queued = bytes.queued > 0 ? `, ${formatBytes(bytes.queued)} to go` : "";
  return `${formatCount(seen)} seen${sum === "" ? "" : ` = ${sum}`} (${formatBytes(bytes.delivered)} delivered${queued})`;
}

function about(flow: FlowFacts): string[] {
  const { watching } = flow;
  const readBack =
    flow.readBack === null
      ? ""
      : `, read back ${{ "remote tool": "by a tool at the destination", sftp: "over SFTP", local: "locally" }[flow.readBack]}`;
  const watched =
    watching === null
      ? flow.posted
        ? "only what is posted"
        : "not watched now"
      : watching.kind === "events"
        ? `watched by events in ${formatMany(watching.directories, "directory", "directories")}`
        : `scanned only: ${watching.reason}`;
  const subscribed = flow.broker.find(({ role }) => role === "subscribe");
  if (flow.table !== null)
    return [`from  table ${flow.table.name} of ${show(flow.table.database)}`, `to    ${flow.destination} (${flow.guarantee}${readBack})`];
  const from = subscribed === undefined ? `${show(flow.source)} (${watched})` : `messages of ${subscribed.address} ${subscribed.exchange}`;
  return [`from  ${from}`, `to    ${flow.destination} (${flow.guarantee}${readBack})`];
}

function activeLines(active: ActiveFacts, atMs: number, look: Look): string[] {
  const part = active.sizeBytes === 0 ? 0 : active.sentBytes / active.sizeBytes;
  const perS = (active.sentBytes / Math.max(1, atMs - active.startedAtMs)) * 1000;
  const left = perS > 0 ? `, ready in ${formatAge(((active.sizeBytes - active.sentBytes) / perS) * 1000)}` : "";
  const facts = `${String(Math.floor(part * 100)).padStart(3)} %  ${formatBytes(active.sentBytes)} of ${formatBytes(active.sizeBytes)}, ${formatBytes(perS)}/s${part >= 1 ? ", being verified" : left}`;
  const nameColumns = Math.max(16, Math.min(40, look.columns - BAR_COLUMNS - 50));
  return [
    `${padEnd(shorten(show(active.path), nameColumns), nameColumns)}  ${look.paint("cyan", progressBar(part, BAR_COLUMNS))} ${facts}`,
  ];
}

/** One line for one flow, for a watch that does not go to a terminal. */
export function statusLine(flow: FlowFacts): string {
  const reason = flow.reason === null ? "" : ` (${flow.reason})`;
  const behind = flow.freshnessMs === null ? "nothing behind" : `${formatAge(flow.freshnessMs)} behind`;
  const { counts } = flow;
  return `${flow.name}: ${flow.state}${reason}, ${formatCount(counts.delivered)} delivered, ${formatCount(counts.queued + counts.settling)} queued, ${formatCount(counts.sending)} sending, ${formatCount(counts.dead)} dead, ${behind}`;
}
