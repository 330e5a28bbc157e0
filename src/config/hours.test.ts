import { describe, expect, it } from "vitest";
import type { FlowSettings } from "../flow/settings.ts";
import { days } from "../flow/schedule.ts";
import type { Fault } from "./fault.ts";
import { parseConfiguration } from "./parse.ts";

/** A flow with these windows from line 7 on. */
function load(key: "schedule" | "bandwidth", windows: string[]): FlowSettings | Fault[] {
  const list = windows.map((window) => `        - ${window}`);
  const lines =
    key === "schedule"
      ? ["    destination:", "      url: file:/out", "    schedule:", ...list]
      : ["    destination:", "      url: file:/out", "      bandwidth:", ...list];
  const text = ["flows:", "  a:", "    source: {directory: /in}", ...lines].join("\n");
  const loaded = parseConfiguration(text, "/etc/hotdir.yaml", { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] });
  return loaded.ok ? loaded.configuration.flows[0]! : loaded.faults;
}

it("a schedule is read, with its days in the order of the week and each day where none is named", () => {
  expect(load("schedule", ["{from: 18:00, to: '06:30'}", "{from: 08:00, to: 24:00, days: [sun, sat]}"])).toMatchObject([
    { line: 8, path: "flows.a.schedule[1]" },
  ]);
  expect(load("schedule", ["{from: 18:00, to: '06:30'}", "{from: 06:30, to: 18:00, days: [sun, sat]}"])).toMatchObject({
    schedule: [
      { days, fromMinute: 1080, toMinute: 390 },
      { days: ["sat", "sun"], fromMinute: 390, toMinute: 1080 },
    ],
  });
});

it("a bandwidth is one rate, or windows and the rest", () => {
  expect(load("bandwidth", ["{from: 08:00, to: 18:00, limit: 20MB/s}", "{limit: 100MB/s}"])).toMatchObject({
    destination: {
      bandwidth: [
        { hours: { days, fromMinute: 480, toMinute: 1080 }, bytesPerS: 20_000_000 },
        { hours: null, bytesPerS: 100_000_000 },
      ],
    },
  });
  expect(load("bandwidth", ["{from: 00:00, to: 24:00, limit: unlimited}"])).toMatchObject({
    destination: { bandwidth: [{ bytesPerS: null }] },
  });
});

type Expected = { line: number; path: string; message: RegExp; suggestion?: string };
const faults: Array<[title: string, key: "schedule" | "bandwidth", windows: string[], ...Expected[]]> = [
  ["an empty window", "schedule", ["{from: 08:00, to: 08:00}"], { line: 7, path: "[0].to", message: /is empty/, suggestion: "09:00" }],
  [
    "an empty window at midnight",
    "schedule",
    ["{from: 00:00, to: 00:00}"],
    { line: 7, path: "[0].to", message: /whole day/, suggestion: "24:00" },
  ],
  [
    "an overlap",
    "schedule",
    ["{from: 08:00, to: 12:00}", "{from: 11:00, to: 18:00}"],
    { line: 8, path: "[1].from", message: /11:00 to 18:00 overlaps window 1 of the list, 08:00 to 12:00/, suggestion: "12:00" },
  ],
  [
    "an overlap over midnight, into the next day",
    "schedule",
    ["{from: 20:00, to: 06:00, days: [sun]}", "{from: 05:00, to: 07:00, days: [mon]}"],
    { line: 8, path: "[1].from", message: /overlaps/, suggestion: "06:00" },
  ],
  [
    "a window within another",
    "schedule",
    ["{from: 08:00, to: 18:00}", "{from: 09:00, to: 10:00, days: [mon]}"],
    { line: 8, path: "[1]", message: /\(mon\) overlaps window 1/ },
  ],
  ["a time without a window", "schedule", ["{from: 08:00}"], { line: 7, path: "[0].to", message: /"to" is missing/ }],
  ["a misspelt key", "schedule", ["{from: 08:00, til: 09:00, to: 10:00}"], { line: 7, path: "[0].til", message: /unknown key "til"/ }],
  ["an hour that is none", "schedule", ["{from: 08:00, to: 25:00}"], { line: 7, path: "[0].to", message: /not a time of day/ }],
  ["a minute that is none", "schedule", ["{from: 08:60, to: 10:00}"], { line: 7, path: "[0].from", message: /not a time of day/ }],
  [
    "a time in the American way",
    "schedule",
    ["{from: 8am, to: 6pm}"],
    { line: 7, path: "[0].from", message: /not a time of day/, suggestion: "08:00" },
    { line: 7, path: "[0].to", message: /not a time of day/, suggestion: "18:00" },
  ],
  [
    "a time without its zero",
    "schedule",
    ["{from: 8:00, to: 10:00}"],
    { line: 7, path: "[0].from", message: /two digits/, suggestion: "08:00" },
  ],
  [
    "a time as a number",
    "schedule",
    ["{from: 0800, to: 18}"],
    { line: 7, path: "[0].from", message: /a colon/, suggestion: "08:00" },
    { line: 7, path: "[0].to", message: /not a time of day/, suggestion: "18:00" },
  ],
  [
    "a window that begins at the end",
    "schedule",
    ["{from: 24:00, to: 08:00}"],
    { line: 7, path: "[0].from", message: /next day/, suggestion: "00:00" },
  ],
  [
    "a day that is none",
    "schedule",
    ["{from: 08:00, to: 10:00, days: [mo]}"],
    { line: 7, path: "[0].days[0]", message: /unknown value "mo"/, suggestion: "mon" },
  ],
  ["a day twice", "schedule", ["{from: 08:00, to: 10:00, days: [mon, mon]}"], { line: 7, path: "[0].days[1]", message: /twice/ }],
  ["no days", "schedule", ["{from: 08:00, to: 10:00, days: []}"], { line: 7, path: "[0].days", message: /empty/ }],
  ["a text for a window", "schedule", ["08:00-18:00"], { line: 7, path: "[0]", message: /expected a map of from, to, days/ }],
  ["a window without its limit", "bandwidth", ["{from: 08:00, to: 18:00}"], { line: 7, path: "[0].limit", message: /"limit" is missing/ }],
  [
    "a wrong limit",
    "bandwidth",
    ["{from: 08:00, to: 18:00, limit: 20MB}"],
    { line: 7, path: "[0].limit", message: /not a rate/, suggestion: "20MB/s" },
  ],
  ["half a window", "bandwidth", ["{from: 08:00, limit: 1MB/s}"], { line: 7, path: "[0]", message: /has no to/ }],
  ["days without a window", "bandwidth", ["{days: [mon], limit: 1MB/s}"], { line: 7, path: "[0].days", message: /from and to/ }],
  [
    "a rest that is not last",
    "bandwidth",
    ["{limit: 1MB/s}", "{from: 08:00, to: 18:00, limit: 1MB/s}"],
    { line: 7, path: "[0]", message: /stands last/ },
  ],
  ["a rest of everything", "bandwidth", ["{limit: 1MB/s}"], { line: 7, path: "", message: /that limit alone/ }],
  [
    "an overlap of limits",
    "bandwidth",
    ["{from: 08:00, to: 18:00, limit: 1MB/s}", "{from: 17:00, to: 20:00, limit: 2MB/s}"],
    { line: 8, path: "[1].from", message: /overlaps window 1/, suggestion: "18:00" },
  ],
];

describe("windows of time", () => {
  it.each(faults)("%s is told with its line, and what was meant", (_, key, windows, ...expected) => {
    const found = load(key, windows);
    const told = Array.isArray(found) ? found : [];
    const list = key === "schedule" ? "flows.a.schedule" : "flows.a.destination.bandwidth";
    expect(told.map(({ line, path, suggestion }) => ({ line, path, suggestion }))).toEqual(
      expected.map(({ line, path, suggestion }) => ({ line, path: `${list}${path}`, suggestion })),
    );
    for (const [at, { message }] of expected.entries()) expect(told[at]?.message).toMatch(message);
  });

  it("a list of none, and one that is no list, are faults of the key", () => {
    for (const [written, message] of [
      ["[]", /the list is empty/],
      ["night", /expected list of windows, found text/],
      ["{from: 08:00, to: 18:00}", /expected list of windows, found a map/],
      [`[${Array.from({ length: 51 }, () => "{from: 08:00, to: 09:00, days: [mon]}").join(", ")}]`, /the list is too long: at most 50/],
    ] as const) {
      const text = `flows: {a: {source: {directory: /in}, destination: {url: 'file:/out'}, schedule: ${written}}}`;
      const loaded = parseConfiguration(text, "/x.yaml", { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] });
      expect(loaded.ok ? [] : loaded.faults.map((fault) => fault.path), written).toEqual(["flows.a.schedule"]);
      expect(loaded.ok ? "" : loaded.faults[0]?.message).toMatch(message);
    }
  });

  it("may come from variables, and from an anchor that flows share", () => {
    const text = `vars: {night: '18:00'}
x-night: &night [{from: "\${night}", to: 06:00}]
flows:
  a: {source: {directory: /in}, destination: {url: 'file:/out'}, schedule: *night}
  b: {source: {directory: /in}, destination: {url: 'file:/out2'}, schedule: *night}
`;
    const loaded = parseConfiguration(text, "/x.yaml", { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] });
    expect(loaded).toMatchObject({
      ok: true,
      configuration: { flows: [{ schedule: [{ fromMinute: 1080 }] }, { schedule: [{ fromMinute: 1080 }] }] },
    });
  });
});
