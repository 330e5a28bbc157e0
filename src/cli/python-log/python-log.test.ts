import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { formatRecord } from "./record-format.ts";
import { pythonLog } from "./python-log.ts";
import { dueAfter, RotatingFile } from "./rotating-file.ts";

const atMs = new Date(2026, 10, 29, 1, 2, 3, 4).getTime();
const record = { atMs, name: "hotdir.hdfmgr", level: "WARNING", message: "it's 100% %(name)s", pid: 4711 } as const;

test.each([
  ["%(asctime)s:%(name)s:%(levelname)s:%(message)s", "2026-11-29 01:02:03,004:hotdir.hdfmgr:WARNING:it's 100% %(name)s"],
  ["%(levelname)-8s|%(levelname)9s|%(levelno)s|%(levelno)04d|%%", "WARNING |  WARNING|30|0030|%"],
  ["%(process)d %(msecs)03d %(relativeCreated)d %(created).1f", `4711 004 1004 ${(atMs / 1000).toFixed(1)}`],
  ["%(name).6s", "hotdir"],
])("a record is written as Python's logging writes it: %s", (format, line) => {
  expect(formatRecord(format, record, atMs - 1004)).toBe(line);
});

test("lines of the daemon and whatever else is said come out in one format", () => {
  const out = new PassThrough();
  const log = pythonLog({ format: "%(levelname)s %(name)s %(message)s", file: null, level: "INFO", rotation: null }, "x", out);
  log.write('{"level":"info","time":"2026-11-29T01:02:03.004Z","pid":1,"flow":"handoff","msg":"delivered"}\n{"level":"wa');
  log.write('rn","time":"2026-11-29T01:02:03.004Z","msg":"slow"}\nhotdir: something\n');
  expect(String(out.read())).toBe("INFO x.handoff delivered\nWARNING x slow\nERROR x hotdir: something\n");
});

test("a file is put aside by its size, and so many stay", () => {
  withDirectory((directory) => {
    const file = new RotatingFile(join(directory, "log"), { kind: "size", bytesMax: 20, backups: 2 });
    for (let line = 1; line <= 9; line++) file.append(`line ${line} ...\n`, 0);
    expect(Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "utf8")]))).toEqual({
      log: "line 9 ...\n",
      "log.1": "line 8 ...\n",
      "log.2": "line 7 ...\n",
    });
  });
});

test("a file is put aside by the time, named by the beginning of what it holds, and so many stay", () => {
  withDirectory((directory) => {
    const file = new RotatingFile(join(directory, "log"), { kind: "time", when: "H", interval: 1, backups: 2 });
    const begin = Date.now();
    for (let hour = 0; hour < 5; hour++) file.append(`hour ${hour}\n`, begin + hour * 3600_000);
    const names = readdirSync(directory).toSorted();
    expect(names).toHaveLength(3);
    expect(names[1]).toMatch(/^log\.\d{4}-\d\d-\d\d_\d\d$/);
    expect(names.map((name) => readFileSync(join(directory, name), "utf8"))).toEqual(["hour 4\n", "hour 2\n", "hour 3\n"]);
  });
});

test("midnights and weekdays are those of the local day, Monday first", () => {
  // A Sunday.
  const noon = new Date(2026, 10, 29, 12).getTime();
  expect(new Date(dueAfter("midnight", 1, noon))).toEqual(new Date(2026, 10, 30));
  expect(new Date(dueAfter("W6", 1, noon))).toEqual(new Date(2026, 10, 30));
  expect(new Date(dueAfter("W0", 1, noon))).toEqual(new Date(2026, 11, 1));
  expect(dueAfter("M", 5, noon)).toBe(noon + 300_000);
});

function withDirectory(work: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "hotdir-log-"));
  try {
    work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
