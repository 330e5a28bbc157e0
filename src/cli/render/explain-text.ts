import type { ExplainFacts } from "../../daemon/explain-facts.ts";
import type { BatchStory } from "../../flow/ledger/batches.ts";
import type { AttemptStory, TransferStory } from "../../flow/ledger/story.ts";
import { setStory } from "../../daemon/set-story.ts";
import { never } from "../../kernel/errors.ts";
import { show } from "../../kernel/path.ts";
import { formatAge, formatBytes, formatMany, formatTime } from "../../kernel/readable.ts";
import { followedText } from "./table-line.ts";
import type { Look, Style } from "./terminal.ts";

const styles: Record<TransferStory["state"], Style> = {
  settling: "cyan",
  queued: "cyan",
  sending: "cyan",
  delivered: "green",
  superseded: "dim",
  ignored: "dim",
  dead: "red",
};

/** The rate of less is that of the waiting in between. */
const RATE_BYTES_MIN = 1024 * 1024;

/** The story of one path, oldest first, and what happens next. */
export function explainText(facts: ExplainFacts, look: Look): string {
  const lines = [look.paint("bold", show(facts.path)), whereNow(facts), ""];
  if (facts.story.leftOut > 0) lines.push(`(${formatMany(facts.story.leftOut, "older transfer")} left out)`, "");
  for (const transfer of facts.story.transfers) lines.push(...transferLines(transfer, facts, look), "");
  if (facts.row !== null) lines.push(followedText(facts.row), "");
  lines.push(...facts.sets.map((set) => `${look.paint("bold", `Set ${show(set.path)}:`)} ${setStory(facts.flow, set)}`));
  lines.push(`${look.paint("bold", "Next:")} ${facts.next}`);
  return `${lines.join("\n")}\n`;
}

function whereNow(facts: ExplainFacts): string {
  if (facts.file === null) return `flow ${facts.flow}: no row says which file it is`;
  return `flow ${facts.flow}, ${show(facts.file)}: ${sourceNow(facts)}`;
}

function sourceNow({ source }: ExplainFacts): string {
  switch (source.kind) {
    case "file":
      return `in the source now, ${formatBytes(source.version.sizeBytes)}, changed ${formatTime(Number(source.version.mtimeNs / 1_000_000n))}`;
    case "directory":
    case "symlink":
      return `a ${source.kind} in the source now`;
    case "other":
      return "neither file, directory nor symlink";
    case "absent":
      return "not in the source now";
    case "unreadable":
      return `cannot be looked at now (${source.code})`;
    default:
      return never(source);
  }
}

function transferLines(transfer: TransferStory, facts: ExplainFacts, look: Look): string[] {
  const { change } = transfer;
  const what = `transfer ${transfer.id}: ${describe(transfer)}`;
  const lines = [`${what}: ${look.paint(styles[transfer.state], transfer.state)}`, row("seen", formatTime(transfer.seenAtMs))];
  if (change.kind === "rename" && change.path !== facts.path && change.from !== facts.path)
    lines.push(row("directory", "its directory was renamed with it"));
  if (transfer.triesLeftOut > 0) lines.push(row("attempts", `(${formatMany(transfer.triesLeftOut, "earlier one")} left out)`));
  let before = transfer.seenAtMs;
  for (const attempt of transfer.tries) {
    lines.push(row(`attempt ${attempt.attempt}`, attemptText(attempt, attempt.startedAtMs - before)));
    before = attempt.endedAtMs;
  }
  for (const batch of transfer.batches) lines.push(row(`command ${batch.id}`, batchText(batch)));
  lines.push(...endLines(transfer, facts));
  return lines;
}

function describe({ change, version }: TransferStory): string {
  switch (change.kind) {
    case "put":
      return `file, ${formatBytes(version?.sizeBytes ?? 0)}${change.links > 1 ? `, one of ${change.links} names` : ""}`;
    case "link":
      return `symlink to ${show(change.target)}`;
    case "mkdir":
      return "directory made";
    case "rename":
      return `${change.directory ? "directory " : ""}renamed from ${show(change.from)} to ${show(change.path)}`;
    case "delete":
      return "file removed";
    case "rmdir":
      return "directory removed";
    default:
      return never(change);
  }
}

/** One run of the user's transfer command, with what went before and after it. */
function batchText(batch: BatchStory): string {
  const step = (what: string, tookUs: number | null): string[] => (tookUs === null ? [] : [`${what} in ${formatAge(tookUs / 1000)}`]);
  const steps = [
    ...step("prepared", batch.preTookUs),
    ...step("transferred", batch.transferTookUs),
    ...step("proved and moved", batch.postTookUs),
  ];
  const end = batch.status === null ? "under way" : `status ${batch.status}${batch.message === null ? "" : `: ${batch.message}`}`;
  return `${formatTime(batch.preAtUs / 1000)}, ${formatMany(batch.files, "file")}, ${formatBytes(batch.bytes)}, ${[...steps, end].join(", ")}`;
}

/** @param waitedMs since it was seen, or since the attempt before. */
function attemptText(attempt: AttemptStory, waitedMs: number): string {
  const tookMs = Math.max(0, attempt.endedAtMs - attempt.startedAtMs);
  const rate =
    attempt.bytes > 0
      ? `, ${formatBytes(attempt.bytes)}${tookMs > 0 && attempt.bytes >= RATE_BYTES_MIN ? ` at ${formatBytes((attempt.bytes / tookMs) * 1000)}/s` : ""}`
      : "";
  const waited = waitedMs >= 50 ? `after ${formatAge(waitedMs)} of waiting, ` : "";
  const detail = attempt.detail === null ? "" : `: ${attempt.detail}`;
  const outcome = attempt.outcome === "hand-back" ? "handed back, not counted" : attempt.outcome;
  return `${formatTime(attempt.startedAtMs)}, ${waited}took ${formatAge(tookMs)}${rate}: ${outcome}${detail}`;
}

function endLines(transfer: TransferStory, facts: ExplainFacts): string[] {
  const { state, receipt, retain, reason } = transfer;
  const ended = transfer.endedAtMs === null ? "" : formatTime(transfer.endedAtMs);
  if (state === "delivered" && receipt !== null) {
    const digest =
      receipt.digest === null ? proofOf(receipt) : `${receipt.digest.algorithm} ${receipt.digest.hex}, read back at the destination`;
    const lines = [
      row("delivered", `${ended}, ${methods[receipt.method] ?? receipt.method}`),
      row("receipt", `${digest}${receipt.durable ? ", made durable" : ""}`),
    ];
    if (transfer.announcementOwed) lines.push(row("announce", "others are still to be told of it"));
    if (transfer.catalogOwed !== null)
      lines.push(row("catalog", transfer.catalogOwed.refused === null ? "its row is still to be entered" : transfer.catalogOwed.refused));
    if (transfer.ingest !== null) lines.push(...ingestLines(transfer.ingest));
    if (retain !== null) lines.push(row("source", retained(retain, facts)));
    return lines;
  }
  if (state === "dead")
    return [row("dead", `${ended}, after ${formatMany(transfer.attempts, "attempt")}: ${reason ?? ""} (${transfer.code ?? ""})`)];
  if (state === "superseded" || state === "ignored") return [row(state, `${ended}: ${reason ?? ""}`)];
  return [];
}

function ingestLines({ status, changedAtMs, message, attempts }: NonNullable<TransferStory["ingest"]>): string[] {
  const ended = attempts.map(
    (one) => `${formatTime(one.startedAtMs)}, took ${formatAge(one.endedAtMs - one.startedAtMs)}: ${one.status}${withReason(one.message)}`,
  );
  // What ended with an attempt is told by that.
  const now = status === attempts.at(-1)?.status ? [] : [`${formatTime(changedAtMs)}: ${status}${withReason(message)}`];
  return [...ended, ...now].map((text) => row("ingest", text));
}

function withReason(message: string | null): string {
  return message === null ? "" : `: ${message}`;
}

function proofOf({ basis, method }: { basis: string; method: string }): string {
  if (method === "published" && basis === "none") return "nobody listens: the broker had no queue for the message, and kept nothing of it";
  if (method === "removed")
    return "its bytes had the digest that was announced, or it was not here any more; that they are there is the word of the message";
  return proofs[basis] ?? basis;
}

const proofs: Record<string, string> = {
  size: "the size alone was compared",
  none: "nothing was compared (verify: none)",
  structure: "seen at the destination",
  confirmed: "the broker has the message for good; no bytes were compared",
};

const methods: Record<string, string> = {
  sent: "sent by itself",
  bundled: "sent in a bundle of small files",
  segmented: "sent in parts over several lanes",
  accelerated: "sent by the accelerator command",
  transferred: "sent by the user's transfer command",
  linked: "made as a hard link to another name of the same file",
  renamed: "renamed at the destination",
  found: "found there already, with the right bytes",
  published: "told to the broker",
  removed: "it went from here, since it is elsewhere",
};

function retained(retain: NonNullable<TransferStory["retain"]>, facts: ExplainFacts): string {
  switch (retain.state) {
    case "due":
      return retain.reason === null
        ? `goes from the source at ${formatTime(retain.at - facts.skewMs)}`
        : `stays in the source: ${retain.reason}; asked again at ${formatTime(retain.at - facts.skewMs)}`;
    case "removing":
      return "is being removed";
    case "removed":
      return "was removed after the receipt";
    case "held":
      return "was moved to the holding area";
    default:
      return never(retain);
  }
}

function row(head: string, text: string): string {
  return `  ${head.padEnd(10)}  ${text}`;
}
