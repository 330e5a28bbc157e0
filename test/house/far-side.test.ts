import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Lies } from "../support/lies.ts";
import { makeLyingSftp, type LyingSftp } from "../support/lying-sftp.ts";
import { Random } from "../support/random.ts";
import { makeTemporary } from "../support/temporary.ts";

const run = promisify(execFile);
const content = new Random(9).fill(500_000);

test("an honest far side passes every byte", async () => {
  const { copied, liar } = await putThrough({});
  expect(digest(copied)).toBe(digest(content));
  expect(liar.told()).toEqual([]);
});

test("a flip changes one bit and no size, and OpenSSH's sftp believes it", async () => {
  const { copied, liar } = await putThrough({ flipEvery: 3, liesMax: 1 });
  expect(copied.length).toBe(content.length);
  expect(copied.filter((byte, at) => byte !== content[at]).length).toBe(1);
  expect(liar.told()).toMatchObject([{ lie: "flip" }]);
});

test("a write that is dropped or cut short leaves a hole", async () => {
  for (const lies of [{ dropEvery: 2 }, { truncateEvery: 2 }]) {
    const { copied, liar } = await putThrough(lies);
    expect(liar.told().length).toBeGreaterThan(3);
    expect(digest(copied)).not.toBe(digest(content));
  }
});

test("a quota that is used up refuses writes, and statvfs tells no free space", async () => {
  await using place = await makeTemporary();
  const liar = makeLyingSftp(`${place.path}/lies.json`);
  writeFileSync(`${place.path}/full`, "x".repeat(100));
  await liar.tell({ quota: { root: place.path, bytes: 100 } });
  writeFileSync(`${place.path}/from`, content);
  await expect(sftp(liar, place.path, "put from to\n")).rejects.toThrow(/Failure/);
  expect(statSync(`${place.path}/to`).size).toBe(0);
  expect(liar.told().length).toBeGreaterThan(0);
  expect((await sftp(liar, place.path, "df .\n")).stdout).toMatch(/100%/);
});

async function putThrough(lies: Lies): Promise<{ copied: Buffer; liar: LyingSftp }> {
  await using place = await makeTemporary();
  const liar = makeLyingSftp(`${place.path}/lies.json`);
  await liar.tell(lies);
  writeFileSync(`${place.path}/from`, content);
  await sftp(liar, place.path, "put from to\n");
  const told = liar.told();
  return { copied: readFileSync(`${place.path}/to`), liar: { ...liar, told: () => told } };
}

/** OpenSSH's own client, with the far side as its child in place of ssh. */
async function sftp(liar: LyingSftp, directory: string, batch: string): Promise<{ stdout: string }> {
  writeFileSync(`${directory}/batch`, batch);
  return run("sftp", ["-B", "32768", "-b", "batch", "-D", liar.subsystem], { cwd: directory, timeout: 20_000 });
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
