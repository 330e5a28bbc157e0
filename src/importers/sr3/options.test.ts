import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { canonicalName, knownOldNames } from "./old-names.ts";
import { optionsPage } from "./options-page.ts";
import { options } from "./options.ts";
import { brokerOptions } from "./options-broker.ts";
import { Effective } from "./settings.ts";
import { parseValue } from "./values.ts";
import { hasOwnFate } from "./with-broker/fates.ts";

test("the committed table of options is current (else: node scripts/generate-reference.ts)", () => {
  expect(readFileSync(new URL("../../../docs/reference/sr3-options.md", import.meta.url), "utf8")).toBe(optionsPage());
});

test("every preset is a good value of its option, and stands where nothing is written", () => {
  const nothing = new Effective();
  for (const option of options.values()) {
    if (option.preset === "" || option.type === "each" || option.type === "mask") continue;
    const parsed = parseValue(option, option.preset.split(" "), null);
    expect(parsed, option.name).toEqual({ ok: true, value: nothing.value(option.name) });
  }
  expect(nothing.members("fileEvents")).toContain("rmdir");
});

test("every old name leads to an option, and none hides one", () => {
  for (const old of knownOldNames()) {
    const today = canonicalName(old, "sender");
    expect(today.kind === "option" && options.has(today.name), old).toBe(true);
    expect(options.has(old), old).toBe(false);
  }
  expect(canonicalName("destination", "poll")).toEqual({ kind: "option", name: "pollUrl" });
});

test("options are named once", () => {
  const page = optionsPage();
  for (const name of options.keys()) expect(page.split(`\n| \`${name}\``).length, name).toBe(2);
  expect(options.size).toBeGreaterThan(150);
});

test("over a broker no option is said to have none", () => {
  const elsewhere = new Set(["messageRateMax", "messageCountMax", "post_messageAgeMax", "pollUrl", "admin", "feeder", "manager", "users"]);
  for (const [name] of brokerOptions) expect(hasOwnFate(name) || elsewhere.has(name), name).toBe(true);
});
