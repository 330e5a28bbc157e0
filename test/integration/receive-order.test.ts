import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
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
