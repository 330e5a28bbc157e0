import { useState } from "preact/hooks";
import { formatAge, formatBytes, formatMany, formatTime } from "../../src/kernel/readable.ts";
import { ask } from "./api.ts";
import { Dialog } from "./dialog.tsx";
import type { Story, Transfer } from "./facts.ts";
import { visible } from "./file-link.tsx";
import { usePolled } from "./live.ts";
import type { FileName } from "./overview.tsx";

const EVERY_MS = 2000;

/** All that happened to one path, the newest first, and what happens next: as `hotdir explain` tells it. */
export function StoryDialog({ file, close }: { file: FileName; close: () => void }) {
  const query: Record<string, string> = {
    flow: file.flow,
    ...(file.path_bytes === undefined ? { path: file.path } : { path_bytes: file.path_bytes }),
  };
  const [trouble, setTrouble] = useState<string | null>(null);
  const look = (): Promise<Story> =>
    ask<Story>("explain", query).catch((error: unknown) => {
      setTrouble(error instanceof Error ? error.message : String(error));
      throw error;
    });
  const story = usePolled(look, EVERY_MS, JSON.stringify(query));
  return (
    <Dialog title={<span class="path">{visible(file.path)}</span>} close={close}>
      {story === null ? (
        <p class="empty" role="status">
          {trouble ?? "Looking …"}
        </p>
      ) : (
        <div class="story">
          <p class="aside">
            flow {story.flow} · {sourceText(story)}
          </p>
          <p class="next">
            <span>Next</span> {story.next}
          </p>
          <ol class="transfers" reversed>
            {story.transfers.toReversed().map((transfer) => (
              <TransferStory key={transfer.transfer} transfer={transfer} />
            ))}
          </ol>
          {story.left_out > 0 && <p class="aside">{formatMany(story.left_out, "older transfer")} left out</p>}
        </div>
      )}
    </Dialog>
  );
}

function sourceText({ source }: Story): string {
  if (source.state === "absent") return "not in the source now";
  if (source.state !== "file") return `a ${source.state} in the source now`;
  return `in the source now, ${formatBytes(source.size ?? 0)}${source.mtime === null ? "" : `, changed ${formatTime(Date.parse(source.mtime))}`}`;
}

function TransferStory({ transfer }: { transfer: Transfer }) {
  const { receipt } = transfer;
  return (
    <li class={`transfer ${transfer.state}`}>
      <h3>
        <span class={`outcome ${transfer.state}`}>{transfer.state}</span> {whatText(transfer)}
        <span class="aside"> transfer {transfer.transfer}</span>
      </h3>
      <dl class="events">
        <Event name="seen" at={transfer.seen_at} text="" />
        {transfer.tries.map((attempt) => (
          <Event
            key={attempt.attempt}
            name={`attempt ${attempt.attempt}`}
            at={attempt.started_at}
            text={`${formatAge(Date.parse(attempt.ended_at) - Date.parse(attempt.started_at))}, ${formatBytes(attempt.bytes)}: ${attempt.detail ?? attempt.outcome}`}
            bad={attempt.outcome !== "delivered"}
          />
        ))}
        {transfer.ended_at !== null && (
          <Event name={transfer.state} at={transfer.ended_at} text={transfer.reason ?? ""} bad={transfer.state === "dead"} />
        )}
        {receipt !== null && (
          <div>
            <dt>receipt</dt>
            <dd class="digest">
              {receipt.digest === null ? receipt.basis : `${receipt.algorithm ?? ""} ${receipt.digest}`}
              <span class="aside">
                {receipt.digest === null ? "" : " read back at the destination"}
                {receipt.durable ? ", made durable" : ""}
              </span>
            </dd>
          </div>
        )}
        {transfer.retention !== null && (
          <div>
            <dt>source</dt>
            <dd>
              {transfer.retention.state}
              {transfer.retention.due_at === null ? "" : `, ${formatTime(Date.parse(transfer.retention.due_at))}`}
            </dd>
          </div>
        )}
      </dl>
    </li>
  );
}

function Event({ name, at, text, bad = false }: { name: string; at: string; text: string; bad?: boolean }) {
  return (
    <div class={bad ? "bad" : ""}>
      <dt>{name}</dt>
      <dd>
        <time dateTime={at}>{formatTime(Date.parse(at))}</time>
        {text === "" ? "" : `  ${text}`}
      </dd>
    </div>
  );
}

function whatText(transfer: Transfer): string {
  switch (transfer.kind) {
    case "put":
      return `file, ${formatBytes(transfer.size ?? 0)}`;
    case "link":
      return `symlink to ${visible(transfer.target?.path ?? "")}`;
    case "rename":
      return `renamed from ${visible(transfer.from?.path ?? "")} to ${visible(transfer.path)}`;
    case "mkdir":
      return "directory made";
    case "rmdir":
      return "directory removed";
    case "delete":
      return "file removed";
    default:
      return transfer.kind;
  }
}
