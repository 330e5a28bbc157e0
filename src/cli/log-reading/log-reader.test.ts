import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { waitUntil } from "../../../test/support/waiting.ts";
import { LogFile } from "../../kernel/log-file.ts";
import { listLogs, rotatedLog } from "../../kernel/log-names.ts";
import { LogReader } from "./log-reader.ts";

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `line ${from + at}`);

function makeFiles(directory: string, ...files: string[][]): void {
  mkdirSync(directory, { recursive: true });
  files.forEach((lines, at) =>
    writeFileSync(`${directory}/${at === files.length - 1 ? "hotdir.log" : rotatedLog(at + 9)}`, lines.map((line) => `${line}\n`).join("")),
  );
}

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

test("all files are one log, oldest first, without the line that is being written", async () => {
  await using place = await makeTemporary();
  makeFiles(place.path, numbers(0, 10), numbers(10, 20_000), numbers(20_000, 20_010));
  appendFileSync(`${place.path}/hotdir.log`, "half a li");
  writeFileSync(`${place.path}/service.log`, "somebody else's\n");
  await using reader = await LogReader.open(place.path);
  expect(await all(reader.lines())).toEqual(numbers(0, 20_010));
});

test("the last lines are found across files, with and without a wish", async () => {
  await using place = await makeTemporary();
  makeFiles(place.path, numbers(0, 10), numbers(10, 5000), numbers(5000, 5003));
  for (const [count, expected] of [
    [2, numbers(5001, 5003)],
    [5, numbers(4998, 5003)],
    [0, []],
    [9999, numbers(0, 5003)],
  ] as const) {
    await using reader = await LogReader.open(place.path);
    expect(await reader.last(count, () => true)).toEqual(expected);
  }
  await using reader = await LogReader.open(place.path);
  expect(await reader.last(2, (line) => line.endsWith("7"))).toEqual(["line 4987", "line 4997"]);
});

test("there may be no log yet", async () => {
  await using place = await makeTemporary();
  await using reader = await LogReader.open(`${place.path}/nowhere`);
  expect(await all(reader.lines())).toEqual([]);
});

test("a follower misses no line and reads none twice while the log is written and rotated, and begins at what is new", async () => {
  await using place = await makeTemporary();
  const directory = `${place.path}/log`;
  makeFiles(directory, ["old"], ["older than the follower"]);
  // More files stay than are rotated, since what is gone before it was read is gone.
  await using file = new LogFile({ directory, sizeBytesMax: 2000, filesMax: 500, tell: (_, text) => expect.fail(text) });
  const stop = new AbortController();
  await using reader = await LogReader.open(directory);
  const followed: string[] = [];
  const done = (async () => {
    for await (const line of reader.follow(stop.signal)) followed.push(line);
  })();
  for (let number = 0; number < 3000; number++) {
    file.write(`line ${number}\n`);
    if (number % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await waitUntil("the last line", () => followed.at(-1) === "line 2999");
  stop.abort();
  await done;
  expect(followed).toEqual(numbers(0, 3000));
  expect((await listLogs(directory)).length).toBeGreaterThan(10);
});

test("a follower goes on where the file that it reads is removed, and where there was none at first", async () => {
  await using place = await makeTemporary();
  const stop = new AbortController();
  await using reader = await LogReader.open(place.path);
  const followed: string[] = [];
  const done = (async () => {
    for await (const line of reader.follow(stop.signal)) followed.push(line);
  })();
  writeFileSync(`${place.path}/hotdir.log`, "first\nsecond\n");
  await waitUntil("two lines", () => followed.length === 2);
  rmSync(`${place.path}/hotdir.log`);
  writeFileSync(`${place.path}/next`, "third\n");
  renameSync(`${place.path}/next`, `${place.path}/hotdir.log`);
  await waitUntil("the third line", () => followed.length === 3);
  appendFileSync(`${place.path}/hotdir.log`, "four");
  appendFileSync(`${place.path}/hotdir.log`, "th\n");
  await waitUntil("the fourth line", () => followed.length === 4);
  stop.abort();
  await done;
  expect(followed).toEqual(["first", "second", "third", "fourth"]);
  expect(readFileSync(`${place.path}/hotdir.log`, "utf8")).toBe("third\nfourth\n");
});

test("a follower tells of lines that were rotated away before it could read them, and only then", async () => {
  await using place = await makeTemporary();
  const stop = new AbortController();
  await using reader = await LogReader.open(place.path);
  const followed: string[] = [];
  let gaps = 0;
  const done = (async () => {
    for await (const line of reader.follow(stop.signal, () => gaps++)) followed.push(line);
  })();
  writeFileSync(`${place.path}/hotdir.log`, "first\n");
  await waitUntil("the first line", () => followed.length === 1);
  renameSync(`${place.path}/hotdir.log`, `${place.path}/${rotatedLog(1)}`);
  writeFileSync(`${place.path}/hotdir.log`, "second\n");
  await waitUntil("the second line", () => followed.length === 2);
  expect(gaps).toBe(0);
  renameSync(`${place.path}/hotdir.log`, `${place.path}/gone`);
  writeFileSync(`${place.path}/hotdir.log`, "tenth\n");
  await waitUntil("the tenth line", () => followed.length === 3);
  stop.abort();
  await done;
  expect([gaps, followed]).toEqual([1, ["first", "second", "tenth"]]);
});
