import { expect, test } from "vitest";
import fc from "fast-check";
import type { FlowSettings } from "../flow/settings.ts";
import { type AbsPath, type Bytes, show } from "../kernel/path.ts";
import { pathsNamed, unshow } from "./named-path.ts";

const flow = (name: string, root: string): FlowSettings => ({ name, source: { root } }) as unknown as FlowSettings;
const flows = [flow("hot", "/nowhere/hot"), flow("deep", "/nowhere/hot/deep")];
const named = (text: string, cwd: string): string[] =>
  pathsNamed(text, flows, cwd as AbsPath).map(({ settings, path }) => `${settings.name}:${path}`);

test("an absolute path is meant in each flow whose source is around it, and in no other", () => {
  expect(named("/nowhere/hot/deep/a", "/")).toEqual(["hot:deep/a", "deep:a"]);
  expect(named("/nowhere/hot/../hot/a/", "/")).toEqual(["hot:a"]);
  expect(named("/elsewhere/a", "/nowhere/hot")).toEqual([]);
  expect(named("/nowhere/hot", "/")).toEqual([]);
});

test("a relative path is meant from the working directory first, then from each source", () => {
  expect(named("a", "/nowhere/hot/deep")).toEqual(["hot:deep/a", "deep:a", "hot:a"]);
  expect(named("../a", "/nowhere/hot/deep")).toEqual(["hot:a"]);
  expect(named("./run/a", "/")).toEqual(["hot:run/a", "deep:run/a"]);
});

test("what show prints is found again", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
      const name = Buffer.from(bytes).toString("latin1") as Bytes;
      const shown = show(name);
      const back = unshow(shown) ?? Buffer.from(shown, "utf8").toString("latin1");
      expect(back).toBe(name);
    }),
  );
});
