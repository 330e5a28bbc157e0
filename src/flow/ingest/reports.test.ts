import { expect, test } from "vitest";
import type { AbsPath } from "../../kernel/path.ts";
import { Reports } from "./reports.ts";

const paths = ["/d/a", "/d/new\nline", "/d/no utf\u00ff8", "/d/\u00c3\u00a9"] as AbsPath[];

test("a file is named by its path, by its bytes as Python has them, or by its place as a shell counts", () => {
  const reports = new Reports(paths);
  reports.add('{"file": 1, "status": "success"}');
  reports.add('{"file": "/d/new\\nline", "status": "failure", "message": "no header"}');
  reports.add('{"file": "/d/no utf\\udcff8", "status": "SUCCESS", "message": null}');
  reports.add('  {"file": "/d/\u00e9", "status": "success", "more": [1]}  ');
  expect(paths.map((_, at) => reports.of(at))).toEqual([
    { status: "success", message: null },
    { status: "failure", message: "no header" },
    { status: "success", message: null },
    { status: "success", message: null },
  ]);
  expect(reports.misread).toEqual([]);
});

test("the last report on a file counts, and what is no report is none", () => {
  const reports = new Reports(paths);
  for (const line of ["", "reading /d/a", "{", "[1]", '{"event": "start"}', '"file"', "null"]) reports.add(line);
  expect(reports.of(0)).toBeNull();
  reports.add('{"file": 1, "status": "success"}');
  reports.add('{"file": "/d/a", "status": "failure"}');
  expect(reports.of(0)).toEqual({ status: "failure", message: null });
  expect(reports.misread).toEqual([]);
});

test("a line that looks like a report and is none is kept, to be told", () => {
  const reports = new Reports(paths);
  reports.add('{"file": "/d/other", "status": "success"}');
  reports.add('{"file": 5, "status": "success"}');
  reports.add('{"file": 1, "status": "done"}');
  reports.add('{"file": 0, "status": "success"}');
  expect(reports.misread).toHaveLength(3);
  expect(paths.every((_, at) => reports.of(at) === null)).toBe(true);
});

test("a report that is not understood leaves a doubt, unless it tells of a success", () => {
  const doubtOf = (line: string, isCut = false): string | null => {
    const reports = new Reports(paths);
    if (isCut) reports.addCut(line);
    else reports.add(line);
    return reports.doubt;
  };
  for (const harmless of [
    '{"file": "/d/other", "status": "success"}',
    '{"file": "main.py", "line": 4}',
    '{"file": 1, "status": "failure"}',
  ])
    expect(doubtOf(harmless), harmless).toBeNull();
  for (const line of ['{"file": "a", "status": "failure"}', '{"file": 1, "status": "failed"}', '{"file": 1.5, "status": "success "}'])
    expect(doubtOf(line), line).toBe(line);
  expect(doubtOf('{"file": 1, "status": "failure", "message": "xxx', true)).not.toBeNull();
  expect(doubtOf("reading {", true)).toBeNull();
});
