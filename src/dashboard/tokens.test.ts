import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { makeTemporary } from "../../test/support/temporary.ts";
import { ownTokens, tokenFile, type Tokens } from "./tokens.ts";

const own = (directory: string, warn: (text: string) => void = () => undefined): Tokens => ownTokens(directory, warn);

test("tokens are made once, differ, and stay", async () => {
  await using place = await makeTemporary();
  const tokens = own(place.path);
  expect(tokens.viewer).not.toBe(tokens.operator);
  expect(Buffer.from(tokens.viewer, "base64url")).toHaveLength(32);
  expect(own(place.path)).toEqual(tokens);
  expect(readdirSync(place.path).toSorted()).toEqual(["page-operator-token", "page-token"]);
});

test("one that was opened to all is closed again, and it is said", async () => {
  await using place = await makeTemporary();
  const tokens = own(place.path);
  chmodSync(tokenFile(place.path, "viewer"), 0o644);
  const warnings: string[] = [];
  expect(own(place.path, (text) => warnings.push(text))).toEqual(tokens);
  expect(warnings).toEqual([expect.stringMatching(/page-token could be read by others/)]);
  expect(statSync(tokenFile(place.path, "viewer")).mode & 0o777).toBe(0o600);
});

test.each(["", "short", "two words ".repeat(5)])("a file that holds %j is no token, and is not overwritten", async (text) => {
  await using place = await makeTemporary();
  writeFileSync(tokenFile(place.path, "operator"), text);
  expect(() => own(place.path)).toThrow(/page-operator-token.*remove it/);
});

test("a pipe in a token's place holds nobody up", async () => {
  await using place = await makeTemporary();
  execFileSync("mkfifo", [tokenFile(place.path, "viewer")]);
  expect(() => own(place.path)).toThrow(/page-token.*remove it/);
});
