import { existsSync, mkdirSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { disable, disabledIn, enable } from "./disabled.ts";
import { placesOf } from "./places.ts";

const name = { component: "sender", name: "a" } as const;

test("what was switched off here is off when sr3's cache is emptied, and what sr3 switched off is off here", async () => {
  await using directory = await makeTemporary();
  const places = placesOf({ env: {}, homeDirectory: directory.path });
  mkdirSync(places.cache, { recursive: true });
  expect(disabledIn(places)(name)).toBe(false);
  disable(places, name);
  expect(existsSync(`${places.cache}/sender/a/disabled`)).toBe(true);
  rmSync(places.cache, { recursive: true });
  expect(disabledIn(places)(name)).toBe(true);
  enable(places, name);
  expect(disabledIn(places)(name)).toBe(false);

  mkdirSync(`${places.cache}/sender/a/disabled`, { recursive: true });
  expect(disabledIn(places)(name)).toBe(true);
  rmSync(`${places.cache}/sender/a/disabled`, { recursive: true });
});

test("where sr3 never ran nothing of it is made", async () => {
  await using directory = await makeTemporary();
  const places = placesOf({ env: {}, homeDirectory: directory.path });
  disable(places, name);
  expect(existsSync(places.cache)).toBe(false);
  expect(disabledIn(places)(name)).toBe(true);
});
