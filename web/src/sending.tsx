import { formatAge, formatBytes, formatMany } from "../../src/kernel/readable.ts";
import type { Active, FlowFacts } from "./facts.ts";
import { FileLink, visible } from "./file-link.tsx";
import { daemonNow } from "./live.ts";
import type { FileName } from "./overview.tsx";

const SHOWN_MAX = 8;

/** What is on its way now, the largest first, with how far it is. */
export function Sending({ flow, open }: { flow: FlowFacts; open: (file: FileName) => void }) {
  const shown = flow.active.slice(0, SHOWN_MAX);
  const more = flow.active_count - shown.length;
  return (
    <section class="panel" aria-labelledby="sending">
      <div class="panel-head">
        <h3 id="sending">Being sent now</h3>
        <span class="aside">{formatMany(flow.active_count, "file")}</span>
      </div>
      {shown.length === 0 && <p class="empty">Nothing is on its way at this moment.</p>}
      <ul class="list">
        {shown.map((active) =>
          active.sent > 0 ? (
            <li key={active.transfer} class="under-way">
              <FileLink flow={flow.name} file={active} open={open} />
              <Progress active={active} />
            </li>
          ) : (
            <li key={active.transfer} class="row">
              <FileLink flow={flow.name} file={active} open={open} />
              <span class="aside">{formatBytes(active.size)}</span>
            </li>
          ),
        )}
      </ul>
      {more > 0 && <p class="aside">and {formatMany(more, "more", "more")}</p>}
    </section>
  );
}

function Progress({ active }: { active: Active }) {
  const part = active.size === 0 ? 1 : Math.min(1, active.sent / active.size);
  const percent = Math.floor(part * 100);
  return (
    <div class="progress">
      <progress max={100} value={percent} aria-label={`${visible(active.path)}: ${percent} percent`}>
        {percent} %
      </progress>
      <span class="figures">
        {formatBytes(active.sent)} of {formatBytes(active.size)}
        <span class="aside"> {left(active, part)}</span>
      </span>
    </div>
  );
}

function left(active: Active, part: number): string {
  const forMs = daemonNow() - Date.parse(active.since);
  if (part >= 1) return "being proven";
  if (part <= 0.01 || forMs < 1000) return "";
  return `${formatAge((forMs / part) * (1 - part))} left`;
}
