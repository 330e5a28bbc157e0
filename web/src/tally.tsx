import { formatBytes, formatCount } from "../../src/kernel/readable.ts";
import { ask } from "./api.ts";
import type { Day } from "./facts.ts";
import { usePolled } from "./live.ts";

const DAYS = 14;
const EVERY_MS = 30_000;

/** Day by day, by the clock of the daemon's machine, today first. */
export function Tally({ flow }: { flow: string | null }) {
  const query: Record<string, string> = { days: String(DAYS), ...(flow === null ? {} : { flow }) };
  const asked = usePolled(() => ask<{ days: Day[] }>("tally", query).then((answer) => ({ of: flow, ...answer })), EVERY_MS, flow ?? "");
  const days = (asked !== null && asked.of === flow ? asked.days : []).toReversed();
  const most = Math.max(1, ...days.map((day) => day.bytes));
  return (
    <section class="panel wide" aria-labelledby="tally">
      <div class="panel-head">
        <h3 id="tally">Day by day</h3>
        <span class="aside">the last {DAYS} days</span>
      </div>
      <table class="tally">
        <thead>
          <tr>
            <th scope="col">day</th>
            <th scope="col" class="gauge">
              <span class="unseen">share</span>
            </th>
            <th scope="col" class="count">
              files
            </th>
            <th scope="col" class="count">
              bytes
            </th>
            <th scope="col" class="count">
              failed tries
            </th>
          </tr>
        </thead>
        <tbody>
          {days.map((day, at) => (
            <tr key={day.day} class={day.delivered + day.failed === 0 ? "none" : ""}>
              <th scope="row">{at === 0 ? "today" : dayText(day.day)}</th>
              <td class="gauge">
                <meter min={0} max={most} value={day.bytes} aria-hidden="true" />
              </td>
              <td class="count">{formatCount(day.delivered)}</td>
              <td class="count">{formatBytes(day.bytes)}</td>
              <td class={`count${day.failed > 0 ? " failed" : ""}`}>{formatCount(day.failed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function dayText(day: string): string {
  const weekday = new Date(`${day}T12:00:00`).toLocaleDateString("en", { weekday: "short" });
  return `${weekday} ${day.slice(5)}`;
}
