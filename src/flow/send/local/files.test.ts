import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bytes } from "../../../kernel/path.ts";
import { codeOfErrno, errorOfErrno, sourceErrorOfErrno } from "./errno.ts";
import { openLocalFiles } from "./files.ts";

let directory: string;
const at = (name: string): Bytes => `${directory}/${name}` as Bytes;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "hotdir-local-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("local files", () => {
  it("never write through a symlink", async () => {
    const files = openLocalFiles();
    writeFileSync(at("outside"), "safe");
    symlinkSync("outside", at("link"));
    symlinkSync("new", at("dangling"));
    for (const name of ["link", "dangling"]) {
      await expect(files.create(at(name), { mode: 0o644, exclusive: false })).rejects.toMatchObject({ code: "wrong-type" });
      await expect(files.reopen(at(name))).rejects.toMatchObject({ code: "wrong-type" });
    }
    expect(existsSync(at("new"))).toBe(false);
  });

  it("do not wait for the other end of a fifo", async () => {
    execFileSync("mkfifo", [at("fifo")]);
    await expect(openLocalFiles().create(at("fifo"), { mode: 0o644, exclusive: false })).rejects.toMatchObject({ code: "wrong-type" });
  });

  it("tell a full file system, and close what they opened all the same", async () => {
    const files = openLocalFiles();
    const full = await files.reopen("/dev/full" as Bytes);
    const calls = await Promise.allSettled([full.write(Buffer.alloc(10), 0), full.close()]);
    expect(calls[0]).toMatchObject({ status: "rejected", reason: { code: "destination-full" } });
    expect(calls[1]).toMatchObject({ status: "fulfilled" });
  });
});

describe("errno", () => {
  it.each([
    ["ENOSPC", "destination-full"],
    ["EDQUOT", "destination-full"],
    ["EROFS", "destination-read-only"],
    ["EIO", "destination-io"],
    ["ENAMETOOLONG", "name-refused"],
    ["EACCES", "permission-denied"],
    ["EBUSY", "refused"],
    [undefined, "refused"],
  ])("%s is %s", (errno, code) => {
    expect(codeOfErrno(errno)).toBe(code);
  });

  it("keeps the errno for people and the cause for programs", () => {
    const cause = Object.assign(new Error("no space"), { code: "ENOSPC" });
    expect(errorOfErrno(cause, "write", "a" as Bytes)).toMatchObject({ detail: "ENOSPC", path: "a", cause });
  });

  it("of the source is gone or unreadable, never the destination's fault", () => {
    const code = (errno: string) => sourceErrorOfErrno(Object.assign(new Error("x"), { code: errno }), "read", "a" as Bytes).code;
    expect(["ENOENT", "ENOTDIR", "EACCES", "EIO", "ENOSPC"].map(code)).toEqual([
      "source-gone",
      "source-gone",
      "source-unreadable",
      "source-unreadable",
      "source-unreadable",
    ]);
  });
});
