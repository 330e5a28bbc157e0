import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Hotdir } from "../support/daemon.ts";
import { waitUntil } from "../support/waiting.ts";

/** A way from a source to a destination over some queue; `hotdir` runs all of it, and its last flow delivers. */
export type QueueWay = AsyncDisposable & { hotdir: Hotdir; source: string; destination: string; flow: string };

/** Each way is fresh, with `retry: {attempts: 3, backoff: 50ms..200ms}` and deletes propagated; nothing runs yet. */
export type MakeQueueWay = (name: string) => Promise<QueueWay>;

/** What users rest on, whichever queue lies between: the ledger alone, or a broker. */
export function queueContract(make: MakeQueueWay): void {
  describe("a queue", () => {
    it("brings everything, and each version once", async () => {
      await using way = await running(make, "all");
      const files = Array.from({ length: 120 }, (_, at) => `d${at % 7}/f${at}`);
      for (const file of files) write(way, file, file);
      await arrived(way, Object.fromEntries(files.map((file) => [file, file])));
      await settled(way);
      const claims = (await way.hotdir.receipts()).filter(({ hex }) => hex !== null);
      expect(claims.map(({ path }) => path).toSorted()).toEqual(files.toSorted());
    });

    it("keeps the order of one path: the last state wins", async () => {
      await using way = await running(make, "order");
      for (let at = 0; at < 25; at += 1) {
        write(way, "again", `version ${at}`);
        write(way, "moved", `version ${at}`);
        renameSync(`${way.source}/moved`, `${way.source}/to`);
        write(way, "goes", String(at));
        if (at % 2 === 0) rmSync(`${way.source}/goes`);
      }
      rmSync(`${way.source}/goes`, { force: true });
      await arrived(way, { again: "version 24", to: "version 24" });
      await settled(way);
      expect(["moved", "goes"].filter((name) => existsSync(`${way.destination}/${name}`))).toEqual([]);
    });

    it("tries what fails again, holds up nobody, gives up with a reason, and takes it up again when asked to", async () => {
      await using way = await make("dead");
      mkdirSync(`${way.destination}/taken/inside`, { recursive: true });
      way.hotdir.start();
      write(way, "taken", "cannot be put there");
      await waitUntil("it is a dead letter", async () => (await way.hotdir.dead()).length === 1, {
        timeoutMs: 25_000,
        everyMs: 250,
        explain: () => way.hotdir.log(),
      });
      expect(await way.hotdir.dead()).toMatchObject([{ path: "taken", code: "wrong-type" }]);
      write(way, "other", "goes on");
      await arrived(way, { other: "goes on" });
      rmdirSync(`${way.destination}/taken/inside`);
      rmdirSync(`${way.destination}/taken`);
      expect(await way.hotdir.ask("retry", "--all")).toMatchObject({ status: 0 });
      await arrived(way, { taken: "cannot be put there" });
      await waitUntil("no dead letter is left", async () => (await way.hotdir.dead()).length === 0, {
        everyMs: 250,
        explain: () => way.hotdir.log(),
      });
    });

    it("loses nothing when all of it is killed, again and again", async () => {
      await using way = await running(make, "kill");
      const files = Array.from({ length: 300 }, (_, at) => `k${at}`);
      for (const [at, file] of files.entries()) {
        write(way, file, `${file} `.repeat(at));
        if (at % 100 !== 60) continue;
        await way.hotdir.killHard();
        way.hotdir.start();
      }
      await arrived(way, Object.fromEntries(files.map((file, at) => [file, `${file} `.repeat(at)])));
      await settled(way);
      expect(await way.hotdir.dead()).toEqual([]);
    });
  });
}

async function running(make: MakeQueueWay, name: string): Promise<QueueWay> {
  const way = await make(name);
  way.hotdir.start();
  return way;
}

function write({ source }: QueueWay, path: string, content: string): void {
  mkdirSync(`${source}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
  writeFileSync(`${source}/${path}`, content);
}

async function arrived({ destination, hotdir }: QueueWay, files: Record<string, string>): Promise<void> {
  const isThere = ([path, content]: [string, string]): boolean =>
    existsSync(`${destination}/${path}`) && readFileSync(`${destination}/${path}`, "utf8") === content;
  await waitUntil(`${Object.keys(files).length} files`, () => Object.entries(files).every(isThere), {
    timeoutMs: 25_000,
    everyMs: 100,
    explain: () => hotdir.log(),
  });
}

/** Until nothing is under way in any flow, and no more comes. */
async function settled({ hotdir }: QueueWay): Promise<void> {
  let before = "";
  await waitUntil(
    "nothing is under way",
    async () => {
      const { flows } = await hotdir.status();
      const now = JSON.stringify(flows.map(({ counts }) => counts));
      const isSame = now === before && flows.every(({ counts }) => counts.settling + counts.queued + counts.sending === 0);
      before = now;
      return isSame;
    },
    { timeoutMs: 25_000, everyMs: 400, explain: () => hotdir.log() },
  );
}
