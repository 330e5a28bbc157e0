import { expect, test } from "vitest";
import { importsOf, sourcesOf } from "./sources.ts";

/** Which layers each layer of src/ may import, itself aside. Arrows point one way. */
const allowed: Record<string, readonly string[]> = {
  kernel: [],
  flow: ["kernel"],
  config: ["broker", "flow", "kernel"],
  importers: ["broker", "config", "flow", "kernel"],
  broker: ["flow", "kernel"],
  suprsync: ["kernel"],
  daemon: ["broker", "config", "flow", "kernel"],
  dashboard: ["config", "daemon", "flow", "kernel"],
  service: ["config", "daemon", "flow", "kernel"],
  cli: ["broker", "config", "daemon", "dashboard", "flow", "importers", "kernel", "service", "suprsync"],
};

const layerOf = (file: string): string => file.split("/")[1] ?? "";
const shipped = sourcesOf("src").filter((file) => !file.endsWith(".test.ts"));

test("layers import only what is below them", () => {
  const wrong = shipped.flatMap((file) =>
    importsOf(file)
      .filter((target) => target.startsWith("src/") && layerOf(target) !== layerOf(file))
      .filter((target) => allowed[layerOf(file)]?.includes(layerOf(target)) !== true)
      .map((target) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("every folder of src is a known layer", () => {
  expect(shipped.map(layerOf).filter((layer) => !(layer in allowed))).toEqual([]);
});

test("what is shipped imports nothing from outside of src", () => {
  const wrong = shipped.flatMap((file) =>
    importsOf(file)
      .filter((target) => !target.startsWith("src/"))
      .map((target) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("the import scan sees what is there", () => {
  expect(importsOf("src/kernel/errors.ts")).toEqual(["src/kernel/error-codes.ts", "src/kernel/path.ts", "src/kernel/others-words.ts"]);
});
