import { useState } from "preact/hooks";
import { formatAge, formatBytes, formatCount, formatPerS } from "../../src/kernel/readable.ts";
import { tell } from "./api.ts";
import { Equation } from "./equation.tsx";
import type { Counts, FlowFacts } from "./facts.ts";

type WayProps = { flow: FlowFacts; number: number; chosen: boolean | null; choose: () => void; mayAct: boolean };

const stations: ReadonlyArray<{ of: keyof Counts; label: string; says: string }> = [
  { of: "seen", label: "seen", says: "in the source, since the beginning" },
  { of: "settling", label: "settling", says: "not yet known to be complete" },
  { of: "queued", label: "queued", says: "complete, and waiting for a lane" },
  { of: "sending", label: "sending", says: "on its way, or being read back" },
  { of: "delivered", label: "delivered", says: "there, and proven" },
];

/** Where files leave the way: below the station from which they do. */
const exits: ReadonlyArray<{ of: keyof Counts; label: string; says: string }> = [
  { of: "ignored", label: "ignored", says: "by the flow’s rules" },
  { of: "superseded", label: "superseded", says: "a newer version came, or it went" },
  { of: "dead", label: "dead", says: "a person must decide" },
];

/** One flow as the way of a file, with what is on it now. */
export function Way({ flow, number, chosen, choose, mayAct }: WayProps) {
  const { counts, rate } = flow;
  const moving = flow.state === "running" && rate.files_per_s + rate.bytes_per_s > 0;
  return (
    <article class={`flow ${flow.state}${chosen === true ? " chosen" : ""}`} aria-labelledby={`flow-${flow.name}`}>
      <div class="flow-head">
        <h2 id={`flow-${flow.name}`}>
          {chosen === null ? (
            flow.name
          ) : (
            <button type="button" class="choose" aria-pressed={chosen} onClick={choose} title={`Show this flow below (${number})`}>
              {flow.name}
            </button>
          )}
        </h2>
        <span class={`state ${flow.state}`}>{flow.state}</span>
        <Actions flow={flow} mayAct={mayAct} />
        <p class="ends">
          <code>{flow.source}</code>
          <span aria-label="to"> → </span>
          <code>{flow.destination}</code>
        </p>
      </div>
      {flow.reason !== null && <p class={`reason ${flow.state}`}>{flow.reason}</p>}
      <ol class={`way${moving ? " moving" : ""}`} aria-label={`The way of a file in ${flow.name}`}>
        {stations.map(({ of, label, says }) => (
          <li key={of} class={`station ${of}${counts[of] > 0 ? " some" : ""}`} title={says}>
            <span class="stop" aria-hidden="true" />
            <span class="number" data-count={of}>
              {formatCount(counts[of])}
            </span>
            <span class="label">{label}</span>
            {of === "queued" && flow.bytes.queued > 0 && <span class="under">{formatBytes(flow.bytes.queued)}</span>}
            {of === "delivered" && <span class="under">{formatBytes(flow.bytes.delivered)}</span>}
          </li>
        ))}
      </ol>
      <ul class="exits" aria-label={`Where files leave the way of ${flow.name}`}>
        {exits.map(({ of, label, says }) => (
          <li key={of} class={`exit ${of}${counts[of] > 0 ? " some" : ""}`} title={says}>
            <span class="number" data-count={of}>
              {formatCount(counts[of])}
            </span>
            <span class="label">{label}</span>
          </li>
        ))}
      </ul>
      <dl class="vitals">
        <Vital name="behind" value={flow.freshness_s === null ? "nothing waits" : formatAge(flow.freshness_s * 1000)} />
        <Vital name="files a second" value={formatPerS(rate.files_per_s)} />
        <Vital name="throughput" value={`${formatBytes(rate.bytes_per_s)}/s`} />
        <Vital name="lanes" value={`${flow.lanes.open} of ${flow.lanes.max}`} />
        <Vital name="guarantee" value={flow.guarantee.replaceAll("+", " + ")} />
      </dl>
      <Equation counts={counts} />
    </article>
  );
}

function Vital({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Actions({ flow, mayAct }: { flow: FlowFacts; mayAct: boolean }) {
  const [trouble, setTrouble] = useState<string | null>(null);
  if (!mayAct || flow.state === "stopped") return null;
  const what = flow.state === "paused" || flow.state === "halted" ? "resume" : "pause";
  const act = (): void => {
    if (flow.state === "halted" && !confirm(`${flow.reason ?? "The flow is halted."}\n\nGo on with the source as it is now?`)) return;
    tell(what, { flow: flow.name }).then(
      () => setTrouble(null),
      (error: unknown) => setTrouble(error instanceof Error ? error.message : String(error)),
    );
  };
  return (
    <>
      <button type="button" class="small" onClick={act} aria-label={`${what === "pause" ? "Pause" : "Resume"} ${flow.name}`}>
        {what === "pause" ? "Pause" : "Resume"}
      </button>
      {trouble !== null && (
        <span class="trouble" role="alert">
          {trouble}
        </span>
      )}
    </>
  );
}
