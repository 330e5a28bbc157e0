import { chmodSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { makeTemporary } from "../../test/support/temporary.ts";
import { ownTokens, tokenFile } from "./tokens.ts";

test("tokens are made once, differ, and stay", async () => {
  await using place = await makeTemporary();
  const tokens = ownTokens(place.path);
  expect(tokens.viewer).not.toBe(tokens.operator);
  expect(Buffer.from(tokens.viewer, "base64url")).toHaveLength(32);
  expect(ownTokens(place.path)).toEqual(tokens);
  expect(readdirSync(place.path).toSorted()).toEqual(["page-operator-token", "page-token"]);
});

test("one that was opened to all is closed again", async () => {
  await using place = await makeTemporary();
  const tokens = ownTokens(place.path);
  chmodSync(tokenFile(place.path, "viewer"), 0o644);
  expect(ownTokens(place.path)).toEqual(tokens);
  expect(statSync(tokenFile(place.path, "viewer")).mode & 0o777).toBe(0o600);
});

test.each(["", "short", "two words ".repeat(5)])("a file that holds %j is no token, and is not overwritten", async (text) => {
  await using place = await makeTemporary();
  writeFileSync(tokenFile(place.path, "operator"), text);
  expect(() => ownTokens(place.path)).toThrow(/page-operator-token.*remove it/);
});
