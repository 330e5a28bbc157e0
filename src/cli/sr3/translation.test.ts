import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { nativeDocument } from "./native-document.ts";
import { placesOf } from "./places.ts";
import { hasChanged, readTranslation, sourceNow, type Translated, type Translation, writeTranslation } from "./translation.ts";

const one = (yaml: string): Translated => ({ flows: [], yaml, sources: [], remarks: [], isOfOptions: false, moves: "none", takenAtMs: 1 });

test("a file counts as changed when it says something else, not when it was touched", async () => {
  await using directory = await makeTemporary();
  const file = `${directory.path}/a.conf`;
  const missing = sourceNow(file);
  expect(hasChanged(missing)).toBe(false);
  writeFileSync(file, "accept .*\n");
  expect(hasChanged(missing)).toBe(true);
  const source = sourceNow(file);
  expect(hasChanged(source)).toBe(false);
  utimesSync(file, 1_000_000, 1_000_000);
  expect(hasChanged(source)).toBe(false);
  writeFileSync(file, "reject .*\n");
  expect(hasChanged(source)).toBe(true);
  rmSync(file);
  expect(hasChanged(source)).toBe(true);
});

test("what was taken is read as it was written, and that of another directory is not ours", async () => {
  await using directory = await makeTemporary();
  const places = placesOf({ env: {}, homeDirectory: directory.path });
  expect(readTranslation(places).configurations).toEqual({});
  const translation: Translation = {
    version: 1,
    root: places.root,
    configurations: { "sender/a": one("flows: {}") },
    faulty: { "watch/b": [sourceNow("/none")] },
    left: {},
    declared: ["q"],
  };
  writeTranslation(places, translation);
  expect(readTranslation(places)).toEqual(translation);
  expect(readTranslation({ ...places, root: "/elsewhere" }).configurations).toEqual({});
  mkdirSync(places.state, { recursive: true });
  writeFileSync(`${places.state}/translation.json`, "{");
  expect(() => readTranslation(places)).toThrow(/what sr3's configurations came to.*is made anew when it is removed/s);
});

test("the flows of all configurations stand in one file, with their comments and their texts as they were", () => {
  const configurations = {
    "watch/b": one("# head\nflows:\n  watch-b: # watch/b\n    source:\n      directory: /b # watch/b.conf:1\n"),
    "sender/a": one(
      "flows:\n  sender-a:\n    source:\n      reject:\n        - '$${HOME}.tmp$' # sender/a.conf:2\n      accept: ['no', \"1e3\"]\n",
    ),
  };
  const yaml = nativeDocument({ version: 1, root: "/", configurations, faulty: {}, left: {}, declared: [] })!;
  expect(parseDocument(yaml).toJS()).toEqual({
    flows: { "sender-a": { source: { reject: ["$${HOME}.tmp$"], accept: ["no", "1e3"] } }, "watch-b": { source: { directory: "/b" } } },
  });
  expect(yaml).toMatch(/directory: \/b # watch\/b\.conf:1/);
  expect(yaml).toMatch(/# sender\/a\.conf:2/);
  expect(nativeDocument({ version: 1, root: "/", configurations: {}, faulty: {}, left: {}, declared: [] })).toBeNull();
});

test("what the user has beside the flows is kept, and flows are not taken from there", () => {
  const translation: Translation = {
    version: 1,
    root: "/",
    configurations: { "watch/b": one("flows:\n  watch-b: {source: {posts: true}}\n") },
    faulty: {},
    left: {},
    declared: [],
  };
  const own = (text: string): string | null => nativeDocument(translation, { text, file: "sr3.yaml" });
  expect(parseDocument(own("page: off # none\n")!).toJS()).toEqual({ page: "off", flows: { "watch-b": { source: { posts: true } } } });
  expect(parseDocument(own("# nothing\n")!).toJS()).toEqual({ flows: { "watch-b": { source: { posts: true } } } });
  expect(() => own("flows: {a: {}}")).toThrow(/read sr3\.yaml.*made of sr3's configurations/);
  expect(() => own("page: [")).toThrow(/read sr3\.yaml/);
  expect(() => own("page")).toThrow(/keys are wanted/);
});

test("two configurations that would be one flow are refused", () => {
  const same = one("flows:\n  a: {source: {directory: /a}}\n");
  expect(() =>
    nativeDocument({ version: 1, root: "/", configurations: { "watch/a": same, "watch/b": same }, faulty: {}, left: {}, declared: [] }),
  ).toThrow(/watch\/b/);
});
