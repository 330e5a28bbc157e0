import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type HeldAct, holdFirst } from "../support/slow-destination.ts";
import { makeHosts, type SubscribedHosts, treeOf } from "../support/subscribed-hosts.ts";
import { waitUntil } from "../support/waiting.ts";

/** Two hosts take messages in turn; one of them is late with what it does. */
async function expectNoLateWord(
  work: (hosts: SubscribedHosts, at: { source: (path: string) => string; there: (path: string) => string | null }) => Promise<void>,
): Promise<void> {
  await using hosts = await makeHosts();
  hosts.start("one");
  hosts.start("two");
  const source = (path: string): string => join(hosts.source, path);
  const there = (path: string): string | null => {
    const file = join(hosts.destination, path);
    return existsSync(file) ? readFileSync(file, "latin1") : null;
  };
  await work(hosts, { source, there });
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination), hosts.story()).toEqual(treeOf(hosts.source));
}

async function late(held: HeldAct, meanwhile: () => Promise<void>): Promise<void> {
  await held.reached;
  await meanwhile();
  held.release();
}

describe("a host that is late does not have the last word", () => {
  test("with an older version", async () => {
    await expectNoLateWord(async (hosts, { source, there }) => {
      using held = holdFirst("replace", "/a");
      writeFileSync(source("a"), "old");
      hosts.tell(hosts.seen("a"));
      await late(held, async () => {
        writeFileSync(source("a"), "newer");
        hosts.tell(hosts.seen("a"));
        await waitUntil("the newer one is there", () => there("a") === "newer");
      });
    });
  });

  test("with a file that was removed meanwhile", async () => {
    await expectNoLateWord(async (hosts, { source }) => {
      using held = holdFirst("replace", "/a");
      writeFileSync(source("a"), "old");
      hosts.tell(hosts.seen("a"));
      await late(held, async () => {
        rmSync(source("a"));
        hosts.tell(hosts.seen("a"));
        await waitUntil("it is removed", () => hosts.hosts.some(({ flow }) => flow.waiting === 0) && hosts.broker.open === 1);
      });
    });
  });

  test("with a removal of what is there again", async () => {
    await expectNoLateWord(async (hosts, { source, there }) => {
      writeFileSync(source("a"), "old");
      hosts.tell(hosts.seen("a"));
      await waitUntil("it is there", () => there("a") === "old");
      using held = holdFirst("remove", "/a");
      rmSync(source("a"));
      hosts.tell(hosts.seen("a"));
      await late(held, async () => {
        writeFileSync(source("a"), "newer");
        hosts.tell(hosts.seen("a"));
        await waitUntil("the newer one is there", () => there("a") === "newer");
      });
    });
  });

  test("with a rename of what is another file by now", async () => {
    await expectNoLateWord(async (hosts, { source, there }) => {
      writeFileSync(source("a"), "old");
      hosts.tell(hosts.seen("a"));
      await waitUntil("it is there", () => there("a") === "old");
      using held = holdFirst("replace", "/b");
      renameSync(source("a"), source("b"));
      hosts.tell(hosts.renamed("a", "b"));
      await late(held, async () => {
        writeFileSync(source("a"), "newer");
        hosts.tell(hosts.seen("a"));
        await waitUntil("the newer one is there", () => there("a") === "newer");
      });
    });
  });

  test("with the removal of a directory that is there again", async () => {
    await expectNoLateWord(async (hosts, { source }) => {
      mkdirSync(source("d"));
      hosts.tell(hosts.seen("d"));
      await waitUntil("it is there", () => existsSync(join(hosts.destination, "d")));
      using held = holdFirst("rmdir", "/d");
      rmSync(source("d"), { recursive: true });
      hosts.tell({ kind: "rmdir", path: hosts.seen("d").path });
      await late(held, async () => {
        mkdirSync(source("d"));
        hosts.tell(hosts.seen("d"));
        await waitUntil("it is followed", () => hosts.broker.open === 1);
      });
    });
  });
});

test("what a directory that was renamed took along or left behind goes, where the source has it no more and nobody tells of it", async () => {
  await using hosts = await makeHosts({ reject: [/\.keep$/] });
  const at = (path: string): string => join(hosts.source, path);
  hosts.start("one");
  mkdirSync(at("d"));
  for (const name of ["a", "b"]) writeFileSync(at(`d/${name}`), name);
  for (const path of ["d", "d/a", "d/b"]) hosts.tell(hosts.seen(path));
  await hosts.untilQuiet();
  // None of the flow's.
  writeFileSync(join(hosts.destination, "d/mine.keep"), "mine");
  // Told late: what came after the rename was done by other hosts by then, or its old name is there again.
  renameSync(at("d"), at("e"));
  const renamed = hosts.renamed("d", "e");
  rmSync(at("e/a"));
  hosts.tell(renamed);
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["e/", "e/b: b", "e/mine.keep: mine"]);
  renameSync(at("e"), at("f"));
  mkdirSync(at("e"));
  hosts.tell(hosts.renamed("e", "f"));
  for (const path of ["f/b", "e"]) hosts.tell(hosts.seen(path));
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["e/", "e/mine.keep: mine", "f/", "f/b: b"]);
  renameSync(at("f"), at("g"));
  const gone = hosts.renamed("f", "g");
  rmSync(at("g"), { recursive: true });
  hosts.tell(gone);
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["e/", "e/mine.keep: mine"]);
});

test("a file that moved away makes room for the directory that has its name by then", async () => {
  await using hosts = await makeHosts();
  const at = (path: string): string => join(hosts.source, path);
  hosts.start("one");
  writeFileSync(at("a"), "a");
  hosts.tell(hosts.seen("a"));
  await hosts.untilQuiet();
  renameSync(at("a"), at("b"));
  const renamed = hosts.renamed("a", "b");
  mkdirSync(at("a"));
  for (const change of [renamed, hosts.seen("a")]) hosts.tell(change);
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["a/", "b: a"]);
});

test("a symlink that moved away is gone under its old name", async () => {
  await using hosts = await makeHosts();
  const at = (path: string): string => join(hosts.source, path);
  hosts.start("one");
  symlinkSync("to", at("a"));
  hosts.tell(hosts.seen("a"));
  await hosts.untilQuiet();
  renameSync(at("a"), at("b"));
  hosts.tell(hosts.renamed("a", "b"));
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["b -> to"]);
});
