export type Family = { name: string; type: string; help: string; samples: Sample[] };
export type Sample = { name: string; labels: Record<string, string>; value: number };

const sampleForm = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const labelForm = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;

/**
 * Prometheus' text format (version 0.0.4), read strictly: what a scraper would refuse, or a linter would frown upon,
 * is thrown. Families by name.
 */
export function parsePrometheus(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the text does not end with a line's end");
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let help: { name: string; text: string } | null = null;
  let family: Family | null = null;
  for (const line of text.slice(0, -1).split("\n")) {
    if (line === "") continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (comment?.[1] === "HELP") {
      help = { name: comment[2]!, text: comment[3]! };
      family = null;
    } else if (comment?.[1] === "TYPE") {
      const name = comment[2]!;
      if (help?.name !== name) throw new Error(`${name} has a TYPE and no HELP before it`);
      if (!/^(counter|gauge|histogram|summary|untyped)$/.test(comment[3]!)) throw new Error(`${line}: no such type`);
      if (families.has(name)) throw new Error(`${name} is told twice`);
      family = { name, type: comment[3]!, help: help.text, samples: [] };
      families.set(name, family);
    } else {
      const sample = parseSample(line);
      if (family === null || !belongs(sample.name, family)) throw new Error(`${line}: outside of its family`);
      const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
      if (seen.has(key)) throw new Error(`${line}: told twice`);
      seen.add(key);
      family.samples.push(sample);
    }
  }
  for (const one of families.values()) lint(one);
  return families;
}

function parseSample(line: string): Sample {
  const match = sampleForm.exec(line);
  if (match === null) throw new Error(`${line}: no sample`);
  const labels: Record<string, string> = {};
  let rest = match[2] ?? "";
  while (rest !== "") {
    const label = labelForm.exec(rest);
    if (label === null || Object.hasOwn(labels, label[1]!)) throw new Error(`${line}: wrong labels`);
    labels[label[1]!] = label[2]!.replaceAll(/\\([\\"n])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
    rest = rest.slice(label[0].length);
  }
  return { name: match[1]!, labels, value: match[3]!.endsWith("Inf") ? Number(`${match[3]}inity`) : Number(match[3]) };
}

function belongs(sample: string, { name, type }: Family): boolean {
  return sample === name
    ? type !== "histogram"
    : type === "histogram" && [`${name}_bucket`, `${name}_sum`, `${name}_count`].includes(sample);
}

function lint({ name, type, help, samples }: Family): void {
  if (!/^[A-Z0-9].*\.$/.test(help)) throw new Error(`${name}: the help is no sentence: ${help}`);
  if ((type === "counter") !== name.endsWith("_total")) throw new Error(`${name}: a counter, and only that, ends with _total`);
  if (/(?:milliseconds|_ms|_kb|_minutes|percent)\b/.test(name)) throw new Error(`${name}: not in base units`);
  for (const sample of samples) if (type === "counter" && sample.value < 0) throw new Error(`${name}: a counter below 0`);
  if (type === "histogram") lintHistogram(name, samples);
}

/** For each series: buckets grow, and the last, +Inf, is the count. */
function lintHistogram(name: string, samples: Sample[]): void {
  const counts = samples.filter((sample) => sample.name === `${name}_count`);
  for (const { labels, value } of counts) {
    const own = samples.filter(
      (sample) => sample.name === `${name}_bucket` && Object.entries(labels).every(([label, wanted]) => sample.labels[label] === wanted),
    );
    const bounds = own.map((sample) => Number(sample.labels["le"]?.replace("+Inf", "Infinity")));
    const ordered = bounds.every((bound, at) => at === 0 || bound > bounds[at - 1]!);
    const growing = own.every((sample, at) => at === 0 || sample.value >= own[at - 1]!.value);
    if (!ordered || !growing || bounds.at(-1) !== Infinity || own.at(-1)?.value !== value) throw new Error(`${name}: wrong buckets`);
    if (!samples.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name}: no sum`);
  }
}

/** The value of one series; fails where it is not there. */
export function valueOf(families: Map<string, Family>, name: string, labels: Record<string, string> = {}): number {
  const family = families.get(name) ?? families.get(name.replace(/_(?:bucket|sum|count)$/, ""));
  const found = family?.samples.filter(
    (sample) => sample.name === name && Object.entries(labels).every(([label, wanted]) => sample.labels[label] === wanted),
  );
  if (found?.length !== 1) throw new Error(`${name} ${JSON.stringify(labels)}: ${found?.length ?? 0} series`);
  return found[0]!.value;
}
