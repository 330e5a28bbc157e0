import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { subscribedSource } from "../../../test/support/bus-settings.ts";
import { rel } from "../../../test/support/ledger.ts";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { type AbsPath, bytesOfText } from "../../kernel/path.ts";
import { Bases } from "./bases.ts";
import { baseHere, LocalLooks } from "./source-look.ts";

const abs = (path: string): AbsPath => bytesOfText(path) as AbsPath;

test("what a base URL means is the flow's to say", () => {
  const rooted = subscribedSource(abs("/lab"));
  const byUrl = subscribedSource(abs("/"), { base: "url" });
  expect(baseHere(rooted, "file:/elsewhere")).toBe("/lab");
  expect(baseHere(byUrl, "file:/elsewhere/x")).toBe("/elsewhere/x");
  expect(baseHere(byUrl, "file:///a/../b")).toBe("/b");
  expect(baseHere(byUrl, "file:")).toBe("/");
  for (const url of ["sftp://hub/in", "https://hub/", "rubbish"])
    expect([baseHere(rooted, url), baseHere(byUrl, url)]).toEqual([null, null]);
});

test("a look finds what is there, called as at the destination, and nothing over a symlink below the base", async () => {
  await using temporary = await makeTemporary();
  const base = join(temporary.path, "base");
  mkdirSync(join(base, "d"), { recursive: true });
  writeFileSync(join(base, "d/f"), "content");
  symlinkSync("d", join(base, "l"));
  symlinkSync("base", join(temporary.path, "alias"));
  using looks = new LocalLooks(new Bases());
  const kind = (from: string, path: string): string => looks.look(abs(from), rel(path), rel("there")).sighting.kind;
  expect(looks.look(abs(base), rel("d/f"), rel("there")).sighting).toMatchObject({
    kind: "file",
    path: "there",
    version: { sizeBytes: 7 },
  });
  expect([kind(base, "d"), kind(base, "l"), kind(base, "l/f"), kind(base, "d/f/x"), kind(base, "none")]).toEqual([
    "directory",
    "symlink",
    "gone",
    "gone",
    "gone",
  ]);
  expect(kind(join(temporary.path, "alias"), "d/f")).toBe("file");
  // Whoever may name any file of the machine needs no link to name it.
  expect(kind("/", `${temporary.path}/alias/l/f`.slice(1))).toBe("file");
});

test("of a base in which something was found, nothing but its own file system can hide what is gone", async () => {
  await using temporary = await makeTemporary();
  const base = join(temporary.path, "base");
  mkdirSync(base);
  const bases = new Bases();
  expect(bases.absence(abs(base))).toMatchObject({ kind: "unknown" });
  expect(bases.absence(abs(join(base, "none")))).toMatchObject({ kind: "unknown" });
  writeFileSync(join(base, "f"), "");
  expect(bases.absence(abs(base))).toEqual({ kind: "gone" });
  rmSync(join(base, "f"));
  expect(bases.absence(abs(base))).toEqual({ kind: "gone" });
  rmSync(base, { recursive: true });
  expect([bases.absence(abs(base)), bases.areLost]).toEqual([{ kind: "gone" }, false]);
  bases.forget();
  expect(bases.absence(abs(base))).toMatchObject({ kind: "unknown" });
});

test("a base whose file system is another one by now is lost, until it is back", async () => {
  const bases = new Bases();
  await using temporary = await makeTemporary();
  const base = join(temporary.path, "base");
  mkdirSync(base);
  // As if what was found there had been on a file system that is not mounted any more.
  bases.foundOn(abs(base), 0n);
  expect(bases.absence(abs(base))).toMatchObject({ kind: "lost", reason: expect.stringContaining("is empty") as string });
  expect(bases.areLost).toBe(true);
  rmSync(base, { recursive: true });
  expect(bases.absence(abs(base))).toMatchObject({ kind: "lost", reason: expect.stringContaining("is not there") as string });
  mkdirSync(base);
  writeFileSync(join(base, "f"), "");
  expect([bases.absence(abs(base)), bases.areLost]).toEqual([{ kind: "gone" }, false]);
});
