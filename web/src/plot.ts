import uPlot from "uplot";
import { formatBytes, formatPerS } from "../../src/kernel/readable.ts";

export type Measure = "bytes" | "files";
export type Plot = { show: (at: number[], perS: number[]) => void; end: () => void };

const HEIGHT_PX = 220;
/** A line of a few seconds would be drawn as wide as a mountain. */
const SHORTEST_S = 120;

/** Where lines may be drawn across, so that what stands beside them is a round number. */
const binaries = Array.from({ length: 50 }, (_, power) => 2 ** power);
/** Whole minutes and more, since no seconds stand below the line. */
const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440, 2880, 10_080].map((minutes) => minutes * 60);
const decimals = [-1, 0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));

/** `widthS`: of what comes second by second, so much is shown; null: as much as there is. One line over time, in the colours of the theme, as wide as its place. */
export function makePlot(place: HTMLElement, measure: Measure, widthS: number | null): Plot {
  let data: uPlot.AlignedData = [[], []];
  let plot = draw();

  function draw(): uPlot {
    return new uPlot(optionsFor(place, measure, widthS), data, place);
  }
  function again(): void {
    plot.destroy();
    plot = draw();
  }
  const sized = new ResizeObserver(() => {
    if (place.clientWidth > 0 && place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: HEIGHT_PX });
  });
  sized.observe(place);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", again);
  window.addEventListener("themechange", again);
  return {
    show(at, perS) {
      data = [at, perS];
      plot.setData(data);
    },
    end() {
      sized.disconnect();
      dark.removeEventListener("change", again);
      window.removeEventListener("themechange", again);
      plot.destroy();
    },
  };
}

function optionsFor(place: HTMLElement, measure: Measure, widthS: number | null): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const text = (value: number): string => (measure === "files" ? formatPerS(value) : `${formatBytes(value)}/s`);
  const font = `12px ${style.fontFamily}`;
  const axis: uPlot.Axis = { stroke: colour("--muted"), font, ticks: { show: false }, grid: { stroke: colour("--line"), width: 1 } };
  return {
    width: Math.max(200, place.clientWidth),
    height: HEIGHT_PX,
    padding: [12, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 7, fill: colour("--accent") }, drag: { x: false, y: false } },
    scales: {
      x: { range: (_plot, min, max) => [widthS === null ? min : max - Math.min(widthS, Math.max(SHORTEST_S, max - min)), max] },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.12 : 1] },
    },
    axes: [
      { ...axis, size: 28, grid: { show: false }, space: 70, incrs: timeSteps, values: times },
      {
        ...axis,
        size: measure === "files" ? 56 : 84,
        space: 44,
        incrs: measure === "files" ? decimals : binaries,
        values: (_plot, values) => values.map(text),
      },
    ],
    series: [
      {},
      {
        stroke: colour("--accent"),
        width: 1.75,
        fill: colour("--accent-wash"),
        points: { show: false },
        ...spline(),
      },
    ],
    plugins: [readout(text)],
  };
}

/** `14:05`, and the day where a span begins to need it. */
function times(plot: uPlot, values: number[]): string[] {
  const spanS = (plot.scales["x"]?.max ?? 0) - (plot.scales["x"]?.min ?? 0);
  return values.map((value) => {
    const at = new Date(value * 1000);
    const two = (number: number): string => String(number).padStart(2, "0");
    const day = `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    return spanS > 2 * 86_400 ? day : `${two(at.getHours())}:${two(at.getMinutes())}`;
  });
}

/** What the line is at under the pointer. */
function readout(text: (value: number) => string): uPlot.Plugin {
  const tip = document.createElement("div");
  tip.className = "readout";
  return {
    hooks: {
      init: (plot) => plot.over.append(tip),
      setCursor(plot) {
        const at = plot.cursor.idx;
        const value = at === null || at === undefined ? null : plot.data[1]?.[at];
        tip.hidden = value === null || value === undefined;
        if (at === null || at === undefined || value === null || value === undefined) return;
        const when = new Date((plot.data[0][at] ?? 0) * 1000);
        tip.textContent = `${when.toLocaleString("sv-SE").slice(5)}  ${text(value)}`;
        const left = plot.valToPos(plot.data[0][at] ?? 0, "x");
        tip.style.left = `${Math.min(left + 10, plot.over.clientWidth - tip.offsetWidth)}px`;
      },
    },
  };
}

function spline(): Pick<uPlot.Series, "paths"> {
  const paths = uPlot.paths.spline?.();
  return paths === undefined ? {} : { paths };
}
