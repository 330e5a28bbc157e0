import fc from "fast-check";
import { expect, it } from "vitest";
import { appendFlow } from "./append-flow.ts";
import { exampleConfiguration } from "./example.ts";
import { parseConfiguration } from "./parse.ts";

const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };
const example = { flow: "second", directory: "~/second", url: "sftp://hub/~/second", lanes: 2, retain: "{delete_after: 7d}" };

function append(text: string): string {
  const appended = appendFlow(text, "/etc/hotdir.yaml", example, options);
  if (!appended.ok) throw new Error(appended.message);
  return appended.value;
}

const plain = "flows:\n  a:\n    source: {directory: /in}\n    destination:\n      url: file:/out\n";

it.each([
  ["at the end", plain],
  ["without a last line end", plain.slice(0, -1)],
  ["before what stands below the flows", `${plain}\n# About the log\nlog: {level: warn}\n`],
  ["with comments behind values and at the end", `# head\n${plain.slice(0, -1)}   # there\n\n# the end`],
  ["behind the comments of the last flow, before others", `${plain}      # lanes: 5\n    # history: 1d\n  # of all flows\n# of the file\n`],
  ["with its own indentation", plain.replaceAll("  ", "     ")],
  ["with Windows line ends", plain.replaceAll("\n", "\r\n")],
  ["behind a list", `${plain}    schedule:\n      - {from: 08:00, to: 10:00}\n      - from: 12:00\n        to: 13:00\n`],
  [
    "behind a text of lines",
    `${plain.replace("/in", '"/in"')}    retain:\n      hold: >-\n        /held\n\nlog: debug\n`.replace("log: debug\n", ""),
  ],
  ["with anchors", `x-to: &to {url: 'file:/out'}\n${plain.replace("destination:\n      url: file:/out", "destination: *to")}`],
])("%s the flow is put behind the others, and every byte of before is there", (_, text) => {
  const longer = append(text);
  const at = longer.search(/^ +second:\r?$/m);
  const end = /# schedule: \[\{from: 18:00, to: 06:00\}\]\r?\n/.exec(longer);
  const rest = longer.slice(0, at) + longer.slice((end?.index ?? 0) + (end?.[0].length ?? 0));
  expect(rest.trimEnd()).toBe(text.trimEnd());
  const loaded = parseConfiguration(longer, "/etc/hotdir.yaml", options);
  expect(loaded).toMatchObject({ ok: true, configuration: { flows: [{ name: "a" }, { name: "second", destination: { lanesMax: 2 } }] } });
});

it("what a comment of the last flow is about stays with it", () => {
  const longer = append(`${plain}    # history: 1d\n  # of all\n`);
  expect(longer.indexOf("# history: 1d")).toBeLessThan(longer.indexOf("  second:"));
  expect(longer.indexOf("# of all")).toBeGreaterThan(longer.indexOf("  second:"));
});

it.each([
  ["flows on one line", `flows: {a: {source: {directory: /in}, destination: {url: 'file:/out'}}}\n`, /block of lines/],
  ["JSON", `{"flows": {"a": {"source": {"directory": "/in"}, "destination": {"url": "file:/out"}}}}`, /block of lines/],
  ["a flow of that name", plain.replace("a:", "second:"), /already/],
  ["faults", plain.replace("url", "ulr"), /has faults/],
])("%s: it is refused, and says why", (_, text, message) => {
  expect(appendFlow(text, "/x.yaml", example, options)).toMatchObject({ ok: false, message: expect.stringMatching(message) as string });
});

it("flows can be put one behind the other, whatever they are named", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,8}$/), { minLength: 2, maxLength: 6 }), ([first, ...others]) => {
      let text = exampleConfiguration({ flow: first!, directory: "/in", url: "file:/out" });
      for (const flow of others) {
        const longer = appendFlow(text, "/x.yaml", { ...example, flow }, options);
        text = longer.ok ? longer.value : longer.message;
      }
      const loaded = parseConfiguration(text, "/x.yaml", options);
      expect(loaded.ok ? loaded.configuration.flows.map(({ name }) => name).toSorted() : text).toEqual([first!, ...others].toSorted());
    }),
    { numRuns: 50 },
  );
});
