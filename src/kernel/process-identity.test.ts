import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { identityOf, isAlive, ownIdentity, parentOf, readIdentity, signal, writeIdentity } from "./process-identity.ts";

test("a process is itself, by the text that it writes too, and its children know it", async () => {
  const own = ownIdentity();
  expect(own.pid).toBe(process.pid);
  expect(isAlive(own)).toBe(true);
  expect(readIdentity(`${writeIdentity(own)}\n`)).toEqual(own);
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  expect(parentOf(child.pid ?? 0)).toBe(process.pid);
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  expect(parentOf(child.pid ?? 0)).toBe(null);
});

test("the same number with another start or of another boot is another process, and gets no signal", async () => {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  const ended = once(child, "exit");
  try {
    const identity = identityOf(child.pid ?? 0);
    if (identity === null) throw new Error("sleep does not run");
    for (const other of [
      { ...identity, startTicks: identity.startTicks + 1 },
      { ...identity, boot: "another" },
    ]) {
      expect(isAlive(other)).toBe(false);
      expect(signal(other, "SIGKILL")).toBe(false);
    }
    expect(isAlive(identity)).toBe(true);
    expect(signal(identity, "SIGTERM")).toBe(true);
    expect(await ended).toEqual([null, "SIGTERM"]);
    expect(signal(identity, "SIGTERM")).toBe(false);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a text that is no identity names nobody", () => {
  for (const text of ["", "4711", "4711 12", "-1 2 b", "1 2 b c", "1 2 b\n3 4 c", "x 2 b"]) expect(readIdentity(text)).toBe(null);
});
