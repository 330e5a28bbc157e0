import { rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { IngestEnd, IngestFile, IngestQueue } from "../../src/flow/ingest/contract.ts";
import { toBuffer } from "../support/walk.ts";

/** A queue with a place for its files. */
export type QueuePlace = AsyncDisposable & {
  queue: IngestQueue;
  /** A file of this name is there, and is to be ingested. */
  add: (name: string) => Promise<void>;
  /** The queue as the next life of the program opens it; the one before was killed. */
  reopen: () => IngestQueue;
  /** What stands of a file, by name. */
  statusOf: (name: string) => string;
  /** A person wants it to be ingested again. */
  rerun: (name: string) => void;
};

const nameOf = ({ path }: IngestFile): string => path.slice(path.lastIndexOf("/") + 1);
const end = (file: IngestFile, status: IngestEnd["status"]): IngestEnd => {
  const message = status === "SUCCESS" ? null : "why";
  return { file, status, message, startedAtMs: Date.now(), endedAtMs: Date.now() + 5 };
};

/** What every queue of files to be ingested does. `due`: the words for a file that waits, was never handed over, and for one that is to be again. */
export function ingestQueueContract(make: () => Promise<QueuePlace>): void {
  describe("a queue of what is to be ingested", () => {
    test("gives each file once, the oldest first, and none that somebody has", async () => {
      await using place = await make();
      place.queue.begin();
      for (const name of ["a", "b \u00ff\n", "c"]) await place.add(name);
      const first = place.queue.take(2);
      expect(first.map(nameOf)).toEqual(["a", "b \u00ff\n"]);
      expect(place.queue.take(10).map(nameOf)).toEqual(["c"]);
      expect(place.queue.take(10)).toEqual([]);
      expect(["a", "c"].map(place.statusOf)).toEqual(["PENDING", "PENDING"]);
      expect(place.queue.refusal(first[1]!)).toBeNull();
    });

    test("keeps what became of each, and gives none of them again", async () => {
      await using place = await make();
      place.queue.begin();
      for (const name of ["a", "b", "c"]) await place.add(name);
      const [a, b, c] = place.queue.take(10);
      place.queue.record([end(a!, "SUCCESS"), end(b!, "FAILURE")]);
      place.queue.record([end(c!, "UNKNOWN")]);
      expect(["a", "b", "c"].map(place.statusOf)).toEqual(["SUCCESS", "FAILURE", "UNKNOWN"]);
      expect(place.queue.take(10)).toEqual([]);
      expect(place.reopen().begin()).toBe(0);
    });

    test("takes back what was never handed over, as if nothing had happened", async () => {
      await using place = await make();
      place.queue.begin();
      await place.add("a");
      place.queue.handBack(place.queue.take(10));
      expect(place.statusOf("a")).toBe("UNTRIED");
      expect(place.queue.take(10).map(nameOf)).toEqual(["a"]);
    });

    test("knows after a kill what was with the command, says that nobody knows its end, and does not hand it over by itself", async () => {
      await using place = await make();
      place.queue.begin();
      for (const name of ["a", "b"]) await place.add(name);
      place.queue.take(1);
      const next = place.reopen();
      expect(next.begin()).toBe(1);
      expect(place.statusOf("a")).toBe("UNKNOWN");
      expect(next.take(10).map(nameOf)).toEqual(["b"]);
    });

    test("gives again what a person wants to be ingested again", async () => {
      await using place = await make();
      place.queue.begin();
      await place.add("a");
      place.queue.record(place.queue.take(10).map((file) => end(file, "FAILURE")));
      place.rerun("a");
      expect(place.statusOf("a")).toBe("RERUN");
    });

    test("refuses a file that nobody can look at, and throws at nobody", async () => {
      await using place = await make();
      place.queue.begin();
      await place.add("a");
      const [file] = place.queue.take(1);
      for (const name of ["x".repeat(300), "a\0b"])
        expect(place.queue.refusal({ ...file!, path: `${file!.path.slice(0, -1)}${name}` as IngestFile["path"] })).toMatchObject({
          status: "FAILURE",
          message: expect.stringMatching(/cannot be looked at: (ENAMETOOLONG|no path holds a NUL)/),
        });
    });

    test("refuses a file that is not there any more", async () => {
      await using place = await make();
      place.queue.begin();
      await place.add("a");
      const [file] = place.queue.take(1);
      rmSync(toBuffer(file!.path));
      expect(place.queue.refusal(file!)).toMatchObject({ status: "FAILURE" });
    });
  });
}
