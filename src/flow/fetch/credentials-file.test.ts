import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AbsPath, bytesOfText } from "../../kernel/path.ts";
import { authorizationFor, authorizeFrom } from "./credentials-file.ts";

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;
const file = `
# of several kinds
amqps://bob:other@hub/
https://bob:s%40crt@dd.example.org/
https://eve:hers@dd.example.org/
https://dd.example.org:8443/ bearer_token=abc.def
http://plain.example.org/below bt=xyz
sftp://bob@hpfx ssh_keyfile=~/.ssh/id
`;

describe("what authorizes a request", () => {
  test.each([
    ["https://dd.example.org/a", basic("bob:s@crt")],
    ["https://eve@dd.example.org/a", basic("eve:hers")],
    ["https://mallory@dd.example.org/a", null],
    ["https://dd.example.org:8443/a", "Bearer abc.def"],
    ["http://dd.example.org/a", null],
    ["https://dd.example.org.evil.org/a", null],
    ["http://plain.example.org/below/a", "Bearer xyz"],
    ["http://plain.example.org/belowe", null],
    ["http://plain.example.org/", null],
  ])("%s: %s", (url, authorization) => {
    expect(authorizationFor(file, new URL(url))).toBe(authorization);
  });
});

describe("a credentials file", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "hotdir-test-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  test("that is not there has nothing to say, and one that others could read is refused by its name", async () => {
    const path = join(directory, "credentials.conf");
    const authorize = authorizeFrom(bytesOfText(path) as AbsPath);
    const url = new URL("https://dd.example.org/a");
    expect(await authorize(url)).toBeNull();
    await writeFile(path, file, { mode: 0o600 });
    expect(await authorize(url)).toBe(basic("bob:s@crt"));
    await chmod(path, 0o640);
    await expect(authorize(url)).rejects.toThrow(/credentials\.conf.*chmod 600/);
  });
});
