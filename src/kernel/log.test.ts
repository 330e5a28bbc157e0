import { expect, test } from "vitest";
import type { LogFile } from "./log-file.ts";
import { parseLogLine, readableLine } from "./log-line.ts";
import { createLog, type Log, type LogLevel } from "./log.ts";

function makeLog(options: { level?: LogLevel; shownLevel?: LogLevel | null; readable?: boolean }): {
  log: Log;
  shown: string[];
  kept: string[];
} {
  const [shown, kept]: [string[], string[]] = [[], []];
  const log = createLog({
    level: options.level ?? "info",
    shownLevel: options.shownLevel ?? null,
    readable: options.readable ?? false,
    // Only this of both is used.
    to: { write: (line: string) => shown.push(line) } as unknown as NodeJS.WriteStream,
    file: { write: (line: string) => void kept.push(line) } as unknown as LogFile,
  });
  return { log, shown, kept };
}

const textsOf = (lines: string[]): string[] => lines.map((line) => (JSON.parse(line) as { msg: string }).msg);

test("a line goes to both readers, as one JSON object with its time, level, process and facts", () => {
  const { log, shown, kept } = makeLog({});
  log.with({ flow: "a" }).warn("waiting", { files: 3 });
  expect(textsOf(kept)).toEqual(textsOf(shown));
  const entry = JSON.parse(kept[0]!) as { time: string };
  expect(entry).toEqual({ level: "warn", time: entry.time, pid: process.pid, flow: "a", files: 3, msg: "waiting" });
  expect(Date.now() - Date.parse(entry.time)).toBeLessThan(60_000);
  expect(kept[0]).toMatch(/^\{.*\}\n$/);
});

test("a flow may have its own level, and others are not concerned", () => {
  const { log, kept } = makeLog({ level: "warn" });
  const [loud, quiet] = [log.with({ flow: "loud" }, "debug"), log.with({ flow: "quiet" }, "error")];
  for (const one of [loud, quiet, log]) {
    one.debug("debug");
    one.warn("warn");
    one.error("error");
  }
  expect(textsOf(kept)).toEqual(["debug", "warn", "error", "error", "warn", "error"]);
  expect([loud.wants("debug"), log.wants("info"), quiet.kept.wants("warn")]).toEqual([true, false, false]);
});

test("a level that was asked for at the start is what is shown, whatever a flow's is, and the file keeps to the configuration", () => {
  const { log, shown, kept } = makeLog({ level: "info", shownLevel: "error" });
  const flow = log.with({ flow: "a" }, "debug").with({ lane: 1 });
  flow.debug("debug");
  flow.error("error");
  expect(textsOf(shown)).toEqual(["error"]);
  expect(textsOf(kept)).toEqual(["debug", "error"]);
});

test("each reader can be told something apart", () => {
  const { log, shown, kept } = makeLog({});
  log.shown.info("for people");
  log.with({ flow: "a" }).kept.info("for the file");
  expect([textsOf(shown), textsOf(kept)]).toEqual([["for people"], ["for the file"]]);
});

test("secrets are taken out of the text and of the facts", () => {
  const { log, kept } = makeLog({});
  log
    .with({ url: "https://me:pa55word@x.org" })
    .info("sent to https://me:pa55word@x.org", { header: "Bearer 123456789", inner: { password: "pa55word" } });
  expect(kept[0]).not.toMatch(/pa55word|123456789/);
});

test("on a terminal a line is time, level, flow and text", () => {
  const { log, shown } = makeLog({ readable: true });
  log.with({ flow: "to_hub" }).info("connected", { lanes: 2 });
  expect(shown[0]).toMatch(/^\d\d:\d\d:\d\d INFO  to_hub  connected\n$/);
});

test("what is no line of ours is shown as it is, and is no entry", () => {
  for (const line of ['{"level":"info","ti', "words", "", "[1]", '{"level":1,"time":"x","msg":"y"}', "null"]) {
    expect(parseLogLine(line)).toBeNull();
    expect(readableLine(line, "time")).toBe(line);
  }
});
