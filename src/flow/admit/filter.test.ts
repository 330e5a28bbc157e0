import { expect, test } from "vitest";
import { rel, sourceSettings } from "../../../test/support/ledger.ts";
import { type Bytes, type RelPath } from "../../kernel/path.ts";
import { rejection } from "./filter.ts";

test("an empty accept list takes everything", () => {
  expect(rejection(rel("a/b"), sourceSettings())).toBeNull();
});

test("reject wins over accept, and says which pattern it was", () => {
  expect(rejection(rel("a.tmp"), sourceSettings({ accept: [/a/], reject: [/x/, /\.tmp$/] }))).toBe("reject: \\.tmp$");
});

test("what no accept pattern matches is not sent", () => {
  expect(rejection(rel("a.txt"), sourceSettings({ accept: [/\.dat$/, /\.csv$/] }))).toBe("no accept pattern matches");
  expect(rejection(rel("a.csv"), sourceSettings({ accept: [/\.dat$/, /\.csv$/] }))).toBeNull();
});

test("patterns see the name as text where it is UTF-8, and a replacement character where it is not", () => {
  expect(rejection(rel("é"), sourceSettings({ reject: [/^é$/] }))).not.toBeNull();
  expect(rejection("\xff" as Bytes as RelPath, sourceSettings({ reject: [/^\ufffd$/] }))).not.toBeNull();
});

test("markers themselves are not sent", () => {
  const source = sourceSettings({ settle: { kind: "marker", suffix: ".done" } });
  expect(rejection(rel("a.done"), source)).toContain("marker");
  expect(rejection(rel("a.dat"), source)).toBeNull();
});
