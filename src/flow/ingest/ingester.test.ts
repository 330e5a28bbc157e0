import { expect, test } from "vitest";
import { waitUntil } from "../../../test/support/waiting.ts";
import { systemClock } from "../../kernel/clock.ts";
import type { AbsPath } from "../../kernel/path.ts";
import type { IngestEnd, IngestFile, IngestQueue } from "./contract.ts";
import { endsOf, Ingester, type IngesterOptions } from "./ingester.ts";
import { Reports } from "./reports.ts";

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined } as unknown as IngesterOptions["log"];
const settings = { command: ["true"], batchMax: 10, workers: 2, silenceMs: 10_000 };

test("trouble with the queue is over as soon as it answers, also where nothing is due", async () => {
  let isLocked = true;
  const queue = {
    begin: () => 0,
    take: (): IngestFile[] => {
      if (isLocked) throw new Error("database is locked");
      return [];
    },
  } as unknown as IngestQueue;
  await using ingester = new Ingester({
    queue,
    settings,
    name: "a",
    clock: systemClock(),
    log: silent,
    changed: () => undefined,
    broken: (error) => {
      throw error;
    },
  });
  ingester.start();
  await waitUntil("the trouble", () => ingester.trouble !== null);
  expect(ingester.trouble).toBe("what is to be ingested cannot be asked for: database is locked");
  isLocked = false;
  await waitUntil("no trouble", () => ingester.trouble === null);
});

test("an exit status of 0 is no success of what may have been reported in words that nobody understood", () => {
  const files = ["/d/a", "/d/b"].map((path, at) => ({ id: at, path: path as AbsPath }));
  const statuses = (...lines: string[]): Array<IngestEnd["status"]> => {
    const reports = new Reports(files.map(({ path }) => path));
    for (const line of lines) reports.add(line);
    return endsOf(files, { kind: "ended", reports, failure: null }, { startedAtMs: 1, endedAtMs: 2 }).map(({ status }) => status);
  };
  expect(statuses("loading")).toEqual(["SUCCESS", "SUCCESS"]);
  expect(statuses('{"file": 1, "status": "success"}', '{"file": "b", "status": "failure"}')).toEqual(["SUCCESS", "FAILURE"]);
  expect(statuses('{"file": "b", "status": "success"}')).toEqual(["SUCCESS", "SUCCESS"]);
});
