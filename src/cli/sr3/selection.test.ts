import { expect, test } from "vitest";
import type { ConfigurationName } from "../../importers/sr3/configuration-file.ts";
import { selectConfigurations } from "./selection.ts";

const names: ConfigurationName[] = [
  { component: "post", name: "to_hpfx" },
  { component: "sender", name: "a.b" },
  { component: "sender", name: "to_hpfx" },
  { component: "watch", name: "sender" },
  { component: "watch", name: "to_hpfx" },
];
const select = (...patterns: string[]): string[] =>
  selectConfigurations(patterns, names).map(({ component, name }) => `${component}/${name}`);

test.each([
  [[], ["post/to_hpfx", "sender/a.b", "sender/to_hpfx", "watch/sender", "watch/to_hpfx"]],
  [["sender/*"], ["sender/a.b", "sender/to_hpfx"]],
  [["sender/to_hpfx.conf"], ["sender/to_hpfx"]],
  [["to_hpfx"], ["post/to_hpfx", "sender/to_hpfx", "watch/to_hpfx"]],
  [
    ["watch/to_hpfx", "sender/to_hpfx"],
    ["sender/to_hpfx", "watch/to_hpfx"],
  ],
  [["*/to_*"], ["post/to_hpfx", "sender/to_hpfx", "watch/to_hpfx"]],
  [["[pw]*/to_hpfx"], ["post/to_hpfx", "watch/to_hpfx"]],
  [["[!p]*/to_?pfx"], ["sender/to_hpfx", "watch/to_hpfx"]],
  // A configuration of that name goes before the component.
  [["sender"], ["watch/sender"]],
  [["sender/"], ["sender/a.b", "sender/to_hpfx"]],
  [["post"], ["post/to_hpfx"]],
  // A dot is a dot.
  [["sender/a.b"], ["sender/a.b"]],
])("%j", (patterns, expected) => {
  expect(select(...patterns)).toEqual(expected);
});

test("a word that names none is refused, with the nearest", () => {
  expect(() => select("sender/to_hpfx", "sendr/to_hpfx")).toThrow(/no configuration sendr\/to_hpfx; did you mean sender\/to_hpfx\?/);
  expect(() => select("sender/aXb")).toThrow(/no configuration sender\/aXb/);
  expect(() => select("[z-a]")).toThrow(/no configuration/);
});
