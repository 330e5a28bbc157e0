import type { ExplainFacts } from "../explain-facts.ts";
import type { TransferStory } from "../../flow/ledger/story.ts";
import { setJson } from "./set-json.ts";
import { isoMs, isoNs, pathFields } from "../../kernel/json-fields.ts";
import { followedJson } from "./table-json.ts";

/** The same story for programs (docs/reference/json.md). */
export function explainJson(facts: ExplainFacts): object {
  const { source } = facts;
  return {
    flow: facts.flow,
    ...pathFields(facts.path),
    source: {
      state: source.kind,
      size: source.kind === "file" ? source.version.sizeBytes : null,
      mtime: source.kind === "file" ? isoNs(source.version.mtimeNs) : null,
    },
    flow_state: facts.flowState,
    transfers: facts.story.transfers.map((transfer) => transferJson(transfer, facts.skewMs)),
    row: facts.row === null ? null : followedJson(facts.row),
    left_out: facts.story.leftOut,
    sets: facts.sets.map((set) => setJson(facts.flow, set)),
    next: facts.next,
  };
}

function transferJson(transfer: TransferStory, skewMs: number): object {
  const { change, receipt, retain, version } = transfer;
  return {
    transfer: transfer.id,
    kind: change.kind,
    ...pathFields(change.path),
    from: change.kind === "rename" ? pathFields(change.from) : null,
    target: change.kind === "link" ? pathFields(change.target) : null,
    state: transfer.state,
    size: version?.sizeBytes ?? null,
    mtime: version === null ? null : isoNs(version.mtimeNs),
    seen_at: isoMs(transfer.seenAtMs),
    due_at: transfer.dueAt === null ? null : isoMs(transfer.dueAt - skewMs),
    ended_at: transfer.endedAtMs === null ? null : isoMs(transfer.endedAtMs),
    // Of the last failure; what is delivered has none any more.
    code: transfer.state === "delivered" ? null : transfer.code,
    reason: transfer.state === "delivered" ? null : transfer.reason,
    attempts: transfer.attempts,
    failures: transfer.failures,
    tries: transfer.tries.map((attempt) => ({
      attempt: attempt.attempt,
      started_at: isoMs(attempt.startedAtMs),
      ended_at: isoMs(attempt.endedAtMs),
      bytes: attempt.bytes,
      outcome: attempt.outcome,
      detail: attempt.detail,
    })),
    commands: transfer.batches.map((batch) => ({
      batch: batch.id,
      files: batch.files,
      bytes: batch.bytes,
      pre: stepJson(batch.preAtUs, batch.preTookUs),
      transfer: stepJson(batch.transferAtUs, batch.transferTookUs),
      post: stepJson(batch.postAtUs, batch.postTookUs),
      status: batch.status,
      message: batch.message,
    })),
    receipt:
      receipt === null
        ? null
        : {
            basis: receipt.basis,
            algorithm: receipt.digest?.algorithm ?? null,
            digest: receipt.digest?.hex ?? null,
            durable: receipt.durable,
            method: receipt.method,
          },
    announcement_owed: transfer.announcementOwed,
    ingest:
      transfer.ingest === null
        ? null
        : {
            status: transfer.ingest.status,
            changed_at: isoMs(transfer.ingest.changedAtMs),
            message: transfer.ingest.message,
            attempts: transfer.ingest.attempts.map((one) => ({
              started_at: isoMs(one.startedAtMs),
              ended_at: isoMs(one.endedAtMs),
              status: one.status,
              message: one.message,
            })),
          },
    catalog: transfer.catalogOwed === null ? null : { owed: true, refused: transfer.catalogOwed.refused },
    retention: retain === null ? null : retentionJson(retain, skewMs),
  };
}

function stepJson(atUs: number | null, tookUs: number | null): object | null {
  return atUs === null ? null : { started_at: isoMs(atUs / 1000), seconds: tookUs === null ? null : tookUs / 1_000_000 };
}

function retentionJson(retain: NonNullable<TransferStory["retain"]>, skewMs: number): object {
  if (retain.state !== "due") return { state: retain.state, due_at: null, reason: null };
  return { state: retain.state, due_at: isoMs(retain.at - skewMs), reason: retain.reason };
}
