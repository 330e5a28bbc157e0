import { existsSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { makeTemporary } from "../../test/support/temporary.ts";
import { listenUnix } from "./listening.ts";

test("an end removes its own socket, and none that another process put in its place", async () => {
  await using place = await makeTemporary();
  const path = `${place.path}/page.sock`;
  const [first, second] = [createServer(), createServer()];
  try {
    const listening = await listenUnix(first, path);
    rmSync(path);
    const another = await listenUnix(second, path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    listening.close();
    expect(existsSync(path)).toBe(true);
    another.close();
    expect(existsSync(path)).toBe(false);
  } finally {
    first.close();
    second.close();
  }
});
