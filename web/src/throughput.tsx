import { useEffect, useRef, useState } from "preact/hooks";
import { formatBytes, formatPerS } from "../../src/kernel/readable.ts";
import { ask } from "./api.ts";
import { Choice } from "./choice.tsx";
import type { FlowFacts, Span, Throughput } from "./facts.ts";
import { usePolled } from "./live.ts";
import { makePlot, type Measure, type Plot } from "./plot.ts";

const spans = { "15m": "15 min", "1d": "day", "1w": "week", "4w": "4 weeks" } as const satisfies Record<Span, string>;
const measures = { bytes: "bytes", files: "files" } as const satisfies Record<Measure, string>;
const KEPT_S = 900;

/** Files or bytes a second over time: the last quarter of an hour second by second, longer spans by the ledger's bins. */
export function ThroughputPanel({ flow, at, several }: { flow: FlowFacts; at: string; several: boolean }) {
  const [span, setSpan] = useState<Span>("15m");
  const [measure, setMeasure] = useState<Measure>("bytes");
  const asked = usePolled(() => ask<Throughput>("throughput", { flow: flow.name, span }), 60_000, `${flow.name} ${span}`);
  const known = asked !== null && asked.flow === flow.name && asked.span === span ? asked : null;
  const points = usePoints(known, flow, at);
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);

  useEffect(() => {
    if (place.current === null) return;
    plot.current = makePlot(place.current, measure, span === "15m" ? KEPT_S : null);
    return () => plot.current?.end();
  }, [measure, span]);
  const perS = points?.[measure === "files" ? "files_per_s" : "bytes_per_s"] ?? [];
  useEffect(() => plot.current?.show(points?.at ?? [], perS), [points, measure, span]);

  const text = (value: number): string => (measure === "files" ? `${formatPerS(value)} files/s` : `${formatBytes(value)}/s`);
  const peak = Math.max(0, ...perS);
  const mean = perS.length === 0 ? 0 : perS.reduce((sum, value) => sum + value, 0) / perS.length;
  return (
    <section class="panel wide" aria-labelledby="throughput">
      <div class="panel-head">
        <h3 id="throughput">Throughput{several ? ` of ${flow.name}` : ""}</h3>
        <Choice name="Measure" options={measures} value={measure} choose={setMeasure} />
        <Choice name="Span" options={spans} value={span} choose={setSpan} />
      </div>
      <div
        ref={place}
        class="plot"
        role="img"
        aria-label={`Throughput over ${spans[span]}: now ${text(perS.at(-1) ?? 0)}, peak ${text(peak)}, mean ${text(mean)}`}
      />
      <p class="legend">
        <span>
          peak <b>{text(peak)}</b>
        </span>
        <span>
          mean <b>{text(mean)}</b>
        </span>
        <span>
          {flow.lanes.open} of {flow.lanes.max} lanes open
        </span>
      </p>
    </section>
  );
}

/** What was asked for, with each second that has come since. */
function usePoints(known: Throughput | null, flow: FlowFacts, at: string): Throughput | null {
  const grown = useRef<Throughput | null>(null);
  const from = useRef<Throughput | null>(null);
  if (known !== from.current) {
    from.current = known;
    grown.current = known;
  }
  const points = grown.current;
  if (points === null || points.span !== "15m") return points;
  const second = Math.round(Date.parse(at) / 1000);
  if (second > (points.at.at(-1) ?? 0)) {
    const add = (list: number[], value: number): number[] => [...list.slice(-KEPT_S + 1), value];
    grown.current = {
      ...points,
      at: add(points.at, second),
      files_per_s: add(points.files_per_s, flow.rate.files_per_s),
      bytes_per_s: add(points.bytes_per_s, flow.rate.bytes_per_s),
    };
  }
  return grown.current;
}
