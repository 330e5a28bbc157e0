import { expect, test } from "vitest";
import { readWords } from "./arguments.ts";

const read = (line: string): ReturnType<typeof readWords> => readWords(line === "" ? [] : line.split(" "), (name) => name === "instances");

test.each([
  ["", null, [], {}],
  ["status", "status", [], {}],
  ["status sender/* watch/to_hpfx", "status", ["sender/*", "watch/to_hpfx"], {}],
  ["--debug foreground watch/a", "foreground", ["watch/a"], { debug: "on" }],
  ["foreground -debug watch/a", "foreground", ["watch/a"], { debug: "on" }],
  ["cleanup --dangerWillRobinson=3 sender/*", "cleanup", ["sender/*"], { dangerWillRobinson: "3" }],
  ["--dangerWillRobinson 3 cleanup", "cleanup", [], { dangerWillRobinson: "3" }],
  ["-c sender/a status", "status", ["sender/a"], {}],
  ["status -c sender/a", "status", ["sender/a"], {}],
  ["--full status --no 1", "status", [], { full: "on", no: "1" }],
  ["log -n 20 a", "log", ["a"], { lines: "20" }],
] as const)("sr3 %s", (line, verb, patterns, options) => {
  const words = read(line);
  expect({ ...words, options: Object.fromEntries(words.options) }).toEqual({ verb, patterns, options });
});

test.each([
  ["start --instances 3", /--instances: options of configurations are read from their files only/],
  ["start --debgu", /there is no option --debgu; did you mean --debug\?/],
  ["cleanup --dangerWillRobinson", /--dangerWillRobinson wants a value/],
])("sr3 %s is refused", (line, message) => {
  expect(() => read(line)).toThrow(message);
});
