import { readdirSync } from "node:fs";
import { join } from "node:path";
import { components, type ConfigurationName, formatName } from "../../importers/sr3/configuration-file.ts";
import { lookAround } from "../../service/standing.ts";
import { openEngine } from "../engine.ts";
import { pretty } from "../render/json.ts";
import { disabledIn } from "./disabled.ts";
import { misused } from "./arguments.ts";
import { selectConfigurations } from "./selection.ts";
import { type Asking, shown } from "./asking.ts";
import { type Asked, gatherRows } from "./status/gather.ts";
import { processFigures } from "./status/processes.ts";
import { statusFactsJson } from "./status/json.ts";
import { statusTable, type Totals } from "./status/table.ts";
import { changedOf, hasChanged, nameOf, readTranslation, type Source } from "./translation.ts";

/** Looks only, and at no configuration's content: it is asked every second by some. */
export async function status(asking: Asking): Promise<number> {
  const { places, words, context } = asking;
  const names = configurationsIn(places.root);
  const translation = readTranslation(places);
  if (names.length === 0 && Object.keys(translation.configurations).length === 0)
    throw misused(`there is no configuration of sr3 in ${places.root}`);
  const isDisabled = disabledIn(places);
  const changed = new Set(changedOf(translation));
  const chosen = selectConfigurations(words.patterns, names);
  const asked = chosen.map((name): Asked => {
    const key = formatName(name);
    const isStill = (sources: Source[] | undefined): boolean => sources !== undefined && !sources.some(hasChanged);
    return {
      name: key,
      isDisabled: isDisabled(name),
      isFaulty: isStill(translation.faulty[key]),
      isLeft: isStill(translation.left[key]),
      isChanged: changed.has(key),
      translated: translation.configurations[key] ?? null,
    };
  });
  const ofOptions = Object.entries(translation.configurations).flatMap(([name, translated]): Asked[] =>
    !translated.isOfOptions || words.patterns.length > 0
      ? []
      : [{ name, isDisabled: false, isFaulty: false, isLeft: false, isChanged: false, translated }],
  );
  using engine = await openEngine(places.state);
  const standing = lookAround(places.state);
  const nowMs = Date.now();
  const rows = gatherRows([...asked, ...ofOptions], { db: engine.db, live: engine.live, standing, nowMs });
  const pids = [standing.supervisor?.pid, standing.owner?.process.pid].filter((pid) => pid !== undefined);
  const known = new Set(names.map(formatName));
  const strays = Object.entries(translation.configurations).flatMap(([name, { flows, isOfOptions }]) =>
    !isOfOptions && nameOf(name) !== null && !known.has(name) && flows.some((flow) => engine.live?.flows.some((live) => live.name === flow))
      ? [name]
      : [],
  );
  const totals: Totals = {
    processes: processFigures(pids),
    missing: rows.reduce((sum, { run }) => sum + Math.max(0, run.wanted - run.flows), 0),
    strays,
    changed: chosen.map(formatName).filter((name) => changed.has(name)),
  };
  context.stdout.write(
    words.options.has("json")
      ? pretty(statusFactsJson(rows, totals, nowMs))
      : shown(statusTable(rows, totals, nowMs, words.options.has("full"))),
  );
  return 0;
}

/** Names only. */
function configurationsIn(root: string): ConfigurationName[] {
  return components.flatMap((component) =>
    filesIn(join(root, component))
      .filter((file) => file.endsWith(".conf") && !file.startsWith("."))
      .map((file) => ({ component, name: file.slice(0, -".conf".length) })),
  );
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}
