import fc from "fast-check";
import { expect, it } from "vitest";
import type { FlowSettings } from "../flow/settings.ts";
import { canonical, differences, type Json } from "./difference.ts";
import { parseConfiguration } from "./parse.ts";

function flow(sections: string): FlowSettings {
  const loaded = parseConfiguration(`flows:\n  a: {${sections}}`, "/etc/hotdir.yaml", {
    env: {},
    homeDirectory: "/home/u",
    defaultSsh: ["ssh"],
  });
  if (!loaded.ok) throw new Error(loaded.faults[0]?.message);
  return loaded.configuration.flows[0]!;
}
const source = "source: {directory: /in}";
const destination = "destination: {url: 'file:/out'}";

it("the same settings are the same text, whatever the order in which they were written, and after a journey as JSON", () => {
  const one = canonical(flow(`source: {directory: /in, propagate: [put, delete, mkdir], reject: ['\\.tmp$']}, ${destination}`));
  const other = canonical(flow(`${destination}, source: {reject: ['\\.tmp$'], propagate: [mkdir, put, delete], directory: /x/../in/}`));
  expect(JSON.stringify(one)).toBe(JSON.stringify(other));
  expect(differences(one, JSON.parse(JSON.stringify(other)) as Json)).toEqual([]);
});

it("what JSON would lose is kept: expressions with their flags, sets, bytes of names that are no text", () => {
  const settings = flow(`source: {directory: /in, accept: ['a', '\\_'], settle: {marker: .é}}, ${destination}`);
  expect(canonical(settings)).toMatchObject({ source: { accept: ["/a/u", "/\\_/"], settle: { kind: "marker", suffix: ".é" } } });
  expect(canonical({ ...settings, source: { ...settings.source, root: "/\xff" as FlowSettings["source"]["root"] } })).toMatchObject({
    source: { root: "/\\xff", propagate: ["link", "mkdir", "put", "rename"] },
  });
  expect(canonical({ ...settings, big: 2n ** 60n, endless: Infinity } as FlowSettings)).toMatchObject({
    big: "1152921504606846976",
    endless: "Infinity",
  });
});

it("a kind of value that it does not know is refused, not left out", () => {
  const settings = flow(`${source}, ${destination}`);
  expect(() => canonical({ ...settings, odd: new Map() } as FlowSettings)).toThrow(/class at odd/);
  expect(() => canonical({ ...settings, odd: () => 1 } as FlowSettings)).toThrow(/function at odd/);
});

it("differences are named key by key, lists and other kinds of the same key as a whole", () => {
  const before = canonical(flow(`source: {directory: /in, reject: [a]}, ${destination}`));
  const after = canonical(
    flow(`source: {directory: /in, reject: [a, b]}, destination: {url: 'file:/out', lanes: 2}, retain: {hold: /held}`),
  );
  expect(differences(before, after)).toEqual([
    { path: "destination.lanesMax", before: 5, after: 2 },
    { path: "retain", before: { kind: "keep" }, after: { kind: "hold", directory: "/held", emptyDirectoriesAfterMs: null } },
    { path: "source.reject", before: ["/a/u"], after: ["/a/u", "/b/u"] },
  ]);
  expect(differences({ a: 1 }, { b: null })).toEqual([
    { path: "a", before: 1, after: undefined },
    { path: "b", before: undefined, after: null },
  ]);
});

it("there is a difference exactly where the texts differ, and it is the same from the other side", () => {
  const json = fc.letrec<{ any: Json }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<Json>(null, true, 1, "a", "b"),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom("a", "b", "kind", "__proto__"), tie("any"), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).any;
  const sorted = (value: Json): Json =>
    Array.isArray(value)
      ? value.map(sorted)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .toSorted(([a], [b]) => (a < b ? -1 : 1))
              .map(([key, item]) => [key, sorted(item)]),
          )
        : value;
  fc.assert(
    fc.property(json, json, (one, other) => {
      const [a, b] = [sorted(one), sorted(other)];
      expect(differences(a, b).length === 0).toBe(JSON.stringify(a) === JSON.stringify(b));
      expect(differences(b, a).map(({ path, before, after }) => ({ path, before: after, after: before }))).toEqual(differences(a, b));
    }),
  );
});
