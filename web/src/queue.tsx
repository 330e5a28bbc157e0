import { formatAge, formatBytes, formatCount, formatMany } from "../../src/kernel/readable.ts";
import { ask } from "./api.ts";
import type { Bin, FlowFacts, Queue as QueueFacts } from "./facts.ts";
import { FileLink } from "./file-link.tsx";
import { daemonNow, usePolled } from "./live.ts";
import type { FileName } from "./overview.tsx";

const EVERY_MS = 4000;

/** What waits, by how long and by how large; and what has waited longest. */
export function Queue({ flow, open }: { flow: FlowFacts; open: (file: FileName) => void }) {
  const asked = usePolled(() => ask<{ flows: QueueFacts[] }>("queue"), EVERY_MS, "queue");
  const queue = asked?.flows.find((each) => each.flow === flow.name) ?? null;
  const { settling, queued, sending } = flow.counts;
  const waiting = settling + queued + sending;
  return (
    <section class="panel" aria-labelledby="queue">
      <div class="panel-head">
        <h3 id="queue">The queue</h3>
        <span class="aside">
          {formatMany(waiting, "file")}
          {flow.bytes.queued > 0 && `, ${formatBytes(flow.bytes.queued)}`}
        </span>
      </div>
      {queue === null || waiting === 0 ? (
        <p class="empty">{queue === null ? "Counting …" : "Nothing waits: all that was seen is delivered, or accounted for."}</p>
      ) : (
        <>
          <div class="histograms">
            <Bars title="by age" bins={queue.ages} label={ageLabel} />
            <Bars title="by size" bins={queue.sizes} label={sizeLabel} />
          </div>
          <p class="aside">{countedText(queue)}</p>
          <h4>Waiting longest</h4>
          <ul class="list">
            {queue.oldest.slice(0, 3).map((oldest) => (
              <li key={oldest.path_bytes ?? oldest.path} class="row">
                <FileLink flow={flow.name} file={oldest} open={open} />
                <span class="aside">
                  {oldest.state}, {formatAge(daemonNow() - Date.parse(oldest.seen_at))}, {formatBytes(oldest.size)}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Bars({ title, bins, label }: { title: string; bins: Bin[]; label: (bins: Bin[], at: number) => string }) {
  const most = Math.max(1, ...bins.map((bin) => bin.files));
  return (
    <table class="bars">
      <caption>{title}</caption>
      <tbody>
        {bins.map((bin, at) => (
          <tr key={label(bins, at)} class={bin.files === 0 ? "none" : ""} title={formatBytes(bin.bytes)}>
            <th scope="row">{label(bins, at)}</th>
            <td class="gauge">
              <meter min={0} max={most} value={bin.files} aria-hidden="true" />
            </td>
            <td class="count">{formatCount(bin.files)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ageLabel(bins: Bin[], at: number): string {
  const names = ["under a minute", "to 10 min", "to an hour", "to 6 hours", "to a day", "to a week"];
  return at === bins.length - 1 ? "over a week" : (names[at] ?? "");
}

function sizeLabel(bins: Bin[], at: number): string {
  const below = bins[at]?.below_bytes;
  return below === null || below === undefined ? "larger" : `under ${formatBytes(below)}`;
}

/** Ages and sizes are counted row by row, so they are of a moment ago where the queue is long. */
function countedText({ counted, counting }: QueueFacts): string {
  if (counted === null) return `counting: ${formatCount(counting ?? 0)} so far`;
  const ago = daemonNow() - Date.parse(counted.at);
  const again = counting === null ? "" : `; counting anew, ${formatCount(counting)} so far`;
  return ago < 5000 ? `counted just now${again}` : `counted ${formatAge(ago)} ago (${formatCount(counted.files)} files)${again}`;
}
