import { expect, test } from "vitest";
import { nextRepair, seemsHung } from "./repairs.ts";
import type { Standing } from "./standing.ts";

const boot = "b";
const supervisor = { pid: 10, startTicks: 1, boot };
const daemon = { pid: 11, startTicks: 2, boot };
const wanted = { wanted: true, config: "/c.yaml", logLevel: null, environment: {}, since: "" };
const record = { supervisor, since: "", state: "running" as const, daemon, nextStart: null, endings: [] };
const nothing: Standing = { wanted: null, supervisor: null, record: null, recordAgeMs: null, owner: null };
const well: Standing = {
  wanted,
  supervisor,
  record,
  recordAgeMs: 100,
  owner: { process: daemon, keeper: "supervisor", parent: supervisor.pid },
};

test("nothing is done where all is well, and where nobody asked for anything", () => {
  expect(nextRepair(well, false)).toBe(null);
  expect(nextRepair(nothing, false)).toBe(null);
});

test("what is wanted and does not run is started; what was stopped is not", () => {
  expect(nextRepair({ ...nothing, wanted }, false)).toEqual({ do: "start" });
  expect(nextRepair({ ...nothing, wanted: { ...wanted, wanted: false } }, false)).toBe(null);
});

test("a stop is completed where one was said; where nothing is written down, what is well is left alone", () => {
  expect(nextRepair({ ...well, wanted: { ...wanted, wanted: false } }, false)).toEqual({ do: "finish-stop" });
  expect(nextRepair({ ...well, wanted: null }, false)).toBe(null);
});

test("a daemon that lost its supervisor is ended before another is started", () => {
  const alone = { ...well, supervisor: null };
  expect(nextRepair(alone, false)).toEqual({ do: "end-orphan", process: daemon });
  expect(nextRepair({ ...alone, owner: null }, false)).toEqual({ do: "start" });
});

test("a daemon of an earlier supervisor is told from that of the present one", () => {
  expect(nextRepair({ ...well, owner: { process: daemon, keeper: "supervisor", parent: 1 } }, false)).toEqual({
    do: "end-orphan",
    process: daemon,
  });
});

test("a supervisor without its daemon is left to start it, with its back-off", () => {
  expect(nextRepair({ ...well, owner: null }, false)).toBe(null);
});

test("what a person or systemd runs is never ended, and no second one is started beside it", () => {
  for (const keeper of ["person", "systemd"] as const)
    expect(nextRepair({ ...nothing, wanted, owner: { process: daemon, keeper, parent: 1 } }, false)).toBe(null);
});

test("a stop that did not come to its end is finished", () => {
  expect(nextRepair({ ...well, wanted: { ...wanted, wanted: false } }, false)).toEqual({ do: "finish-stop" });
});

test("a supervisor that hangs is ended, but only its own record tells that it does", () => {
  expect(nextRepair(well, true)).toEqual({ do: "end-supervisor", process: supervisor });
  expect(seemsHung({ ...well, recordAgeMs: 31_000 })).toBe(true);
  expect(seemsHung({ ...well, recordAgeMs: 29_000 })).toBe(false);
  expect(seemsHung({ ...well, supervisor: { ...supervisor, pid: 99 }, recordAgeMs: 31_000 })).toBe(false);
});
