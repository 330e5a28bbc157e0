import type { TransferStory } from "../flow/ledger/story.ts";
import { sameVersion } from "../flow/version.ts";
import { never } from "../kernel/errors.ts";
import { join, show } from "../kernel/path.ts";
import { formatAge, formatBytes, formatCount, formatAttempt } from "../kernel/readable.ts";
import type { Prospect } from "./explain-facts.ts";
import { retryCommand } from "./retry-command.ts";

/** What happens next with a path, in one sentence, and who has to act where somebody must. Pure. */
export function nextStep(prospect: Prospect): string {
  const last = prospect.story.transfers.at(-1);
  if (last === undefined) return unseen(prospect);
  if (last.change.kind === "rename" && last.change.path !== prospect.path && last.state === "delivered")
    return `nothing: it was renamed to ${show(last.change.path)}, at the destination too`;
  switch (last.state) {
    case "settling":
      return settling(prospect, last);
    case "queued":
      return queued(prospect, last);
    case "sending":
      return sending(prospect);
    case "delivered":
      return delivered(prospect, last);
    case "superseded":
      return superseded(prospect, last);
    case "ignored":
      return `nothing: it is not sent (${last.reason ?? "it was not wanted"})`;
    case "dead":
      if (last.code === "row-unusable") return "a person must correct the row, or set it to be ignored; either is noticed by itself";
      return dead(prospect, last);
    default:
      return never(last.state);
  }
}

function unseen({ settings, source, rejected, running, path, flowState }: Prospect): string {
  if (settings.source.kind === "table") return `never seen: no row of table ${settings.source.table} that was read names it`;
  if (source.kind === "absent") return `never seen: there is no ${show(join(settings.source.root, path))}`;
  if (rejected !== null) return `never: it is not sent (${rejected})`;
  if (settings.source.kind === "posted")
    return `never seen: this flow sends only what is posted ('hotdir post -f ${settings.name} ${show(join(settings.source.root, path))}')`;
  if (!running) return `never seen: the flow does not run ('hotdir run ${settings.name}')`;
  if (flowState.state === "halted") return `never seen: the flow is halted (${flowState.reason ?? "a person must look"})`;
  if (source.kind === "directory" && !settings.source.propagate.has("mkdir"))
    return "nothing: directories are made at the destination as their files need them";
  return `never seen yet: the next scan, within ${formatAge(settings.source.rescanMs)}, finds it at the latest`;
}

function settling(prospect: Prospect, last: TransferStory): string {
  const held = whyFlowHolds(prospect);
  if (held !== null) return held;
  const { settle } = prospect.settings.source;
  const again = last.dueAt === null ? "" : `, looked at again in ${formatAge(Math.max(0, last.dueAt - prospect.nowSteady))}`;
  switch (settle.kind) {
    case "close":
      return `waits for its writer to close it${again}`;
    case "quiet":
      return `waits until it has not changed for ${formatAge(settle.quietMs)}${again}`;
    case "marker":
      return `waits for its marker ${show(prospect.path)}${show(settle.suffix as typeof prospect.path)}${again}`;
    default:
      return never(settle);
  }
}

function queued(prospect: Prospect, last: TransferStory): string {
  const held = whyFlowHolds(prospect);
  if (held !== null) return held;
  const inMs = (last.dueAt ?? 0) - prospect.nowSteady;
  if (last.failures > 0) {
    const when = inMs > 0 ? `in ${formatAge(inMs)}` : "now";
    return `is tried again ${when} (${formatAttempt(last.failures + 1, prospect.settings.retry.attemptsMax)}): ${last.reason ?? "the last one failed"}`;
  }
  if (inMs > 1000) return `is tried again in ${formatAge(inMs)}, no attempt is counted: ${last.reason ?? "it could not be sent yet"}`;
  const { place } = prospect;
  if (place === null || place.ahead === 0) return "is sent next";
  const oldest = place.oldestSeenAtMs === null ? "" : ` (oldest ${formatAge(prospect.nowMs - place.oldestSeenAtMs)})`;
  return `is queued behind ${place.atLeast ? "more than " : ""}${formatCount(place.ahead)} ${place.ahead === 1 ? "other" : "others"}${oldest}`;
}

/** Why nothing of the flow moves; null: it moves. */
function whyFlowHolds({ flowState, running, settings }: Prospect): string | null {
  const reason = flowState.reason ?? "no reason is known";
  switch (flowState.state) {
    case "running":
      return null;
    case "waiting":
      return `the flow is waiting: ${reason}; tried again by itself`;
    case "paused":
      return `the flow is paused: ${reason}`;
    case "halted":
      return `the flow is halted: ${reason}; a person must look ('hotdir resume ${settings.name}' goes on)`;
    case "stopped":
      return running
        ? "the flow is stopping; it goes on at the next start"
        : `the flow does not run; 'hotdir run ${settings.name}' goes on`;
    default:
      return never(flowState.state);
  }
}

function sending(prospect: Prospect): string {
  if (!prospect.running) return `was being sent when hotdir ended; 'hotdir run ${prospect.settings.name}' goes on`;
  const { sending: now } = prospect;
  if (now === null || now.sizeBytes === 0 || now.sentBytes === 0) return "is being sent";
  const perS = (now.sentBytes / Math.max(1, prospect.nowMs - now.startedAtMs)) * 1000;
  const left = ((now.sizeBytes - now.sentBytes) / perS) * 1000;
  return `is being sent: ${formatBytes(now.sentBytes)} of ${formatBytes(now.sizeBytes)}, ready in about ${formatAge(Math.max(0, left))}`;
}

function delivered(prospect: Prospect, last: TransferStory): string {
  const { source, settings } = prospect;
  if (last.retain?.state === "removing") return "its source file is being removed";
  const changed =
    source.kind === "file" && last.version !== null && last.change.kind === "put" && !sameVersion(source.version, last.version);
  if (changed && settings.source.kind === "table")
    return "the file has changed since; it is sent again when a row registers it anew, with its sum of now";
  if (changed)
    return prospect.running
      ? "the source file has changed since; it is noticed at the next event or scan"
      : "the source file has changed since; the next run sends it";
  const finishing = beforeFinished(prospect, last);
  if (finishing !== null) return finishing;
  if (last.retain?.state === "due") {
    const how = settings.retain.kind === "hold" ? `is moved to ${show(settings.retain.directory)}` : "is deleted";
    const inMs = last.retain.at - prospect.nowSteady;
    const again = inMs > 0 ? `in ${formatAge(inMs)}` : prospect.running ? "now" : "when hotdir runs";
    if (last.retain.reason !== null) return `it is delivered; its source file stays for now: ${last.retain.reason}; asked again ${again}`;
    return `it is delivered; its source file ${how} ${again}`;
  }
  if (last.announcementOwed)
    return `it is delivered; others are told of it ${prospect.running ? "once the broker takes the message" : "when hotdir runs"}`;
  return "nothing: it is delivered";
}

/** null: nothing is left to do with the delivery on this machine. */
function beforeFinished(prospect: Prospect, { ingest, catalogOwed }: TransferStory): string | null {
  const runs = prospect.running ? "" : " when hotdir runs";
  if (catalogOwed !== null && catalogOwed.refused !== null)
    return `it is delivered, and not in the catalog: ${catalogOwed.refused}; tried again${runs} once a minute`;
  if (catalogOwed !== null) return `it is delivered, and is entered into the catalog${runs}`;
  const retry = `'${retryCommand(prospect.settings.name, prospect.path)}' hands it to the command again`;
  switch (ingest?.status) {
    case "UNTRIED":
    case "RERUN":
      return `it is delivered, and is handed to the ingest command${runs}`;
    case "PENDING":
      return prospect.running
        ? "it is delivered, and the ingest command has it"
        : "it is delivered; the ingest command had it when hotdir ended: the next run says UNKNOWN";
    case "FAILURE":
      return `it is delivered, and was not ingested: ${ingest.message ?? "no reason is known"}; ${retry}`;
    case "UNKNOWN":
      return `it is delivered, and nobody knows whether it was ingested: ${ingest.message ?? "no reason is known"}; ${retry}`;
    default:
      return null;
  }
}

/** What could not even be looked at is seen again by each scan. */
function dead(prospect: Prospect, last: TransferStory): string {
  const { source } = prospect.settings;
  const unseenYet = last.code === "source-unreadable" && last.version?.inode === "0:0" && source.kind === "watched";
  if (unseenYet) return `is sent by itself once it can be read: scans look at it, within ${formatAge(source.rescanMs)}`;
  return `a person must decide; to send it again: ${retryCommand(prospect.settings.name, prospect.path)}`;
}

function superseded(prospect: Prospect, last: TransferStory): string {
  if (prospect.settings.source.kind === "table") return `nothing: it is not sent (${last.reason ?? "withdrawn"})`;
  if (prospect.source.kind === "absent") return `nothing: it is no longer in the source (${last.reason ?? "withdrawn"})`;
  if (prospect.rejected !== null) return `nothing: it is not sent (${prospect.rejected})`;
  return prospect.running
    ? "what is there now is noticed at the next event or scan"
    : `what is there now is noticed when the flow runs ('hotdir run ${prospect.settings.name}')`;
}
