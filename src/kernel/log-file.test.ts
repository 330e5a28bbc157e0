import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { makeTemporary } from "../../test/support/temporary.ts";
import { waitUntil } from "../../test/support/waiting.ts";
import { LogFile } from "./log-file.ts";
import { listLogs } from "./log-names.ts";

type Told = Array<{ level: string; text: string }>;

function openLog(directory: string, more: { sizeBytesMax?: number; filesMax?: number } = {}): LogFile & { told: Told } {
  const told: Told = [];
  const file = new LogFile({
    directory,
    sizeBytesMax: 1024 * 1024,
    filesMax: 3,
    patienceMs: 20,
    tell: (level, text) => void told.push({ level, text }),
    ...more,
  });
  return Object.assign(file, { told });
}

async function linesIn(directory: string): Promise<string[]> {
  const files = await listLogs(directory);
  return files.flatMap(({ path }) => readFileSync(path, "utf8").split("\n")).filter((line) => line !== "");
}

test("lines stand in the file in their order, and only its owner may read them", async () => {
  await using place = await makeTemporary();
  const directory = `${place.path}/log`;
  const file = openLog(directory);
  for (let number = 0; number < 5000; number++) file.write(`{"n":${number}}\n`);
  await file[Symbol.asyncDispose]();
  expect(await linesIn(directory)).toEqual(Array.from({ length: 5000 }, (_, number) => `{"n":${number}}`));
  expect(statSync(`${directory}/hotdir.log`).mode & 0o777).toBe(0o600);
  expect(file.told).toEqual([]);
});

test("no file grows above the bound, so many stay, and what stays is without a gap", async () => {
  await using place = await makeTemporary();
  const limits = { sizeBytesMax: 10_000, filesMax: 4 };
  const file = openLog(place.path, limits);
  for (let number = 0; number < 20_000; number++) {
    file.write(`${number} ${"é".repeat(number % 70)}\n`);
    if (number % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await file[Symbol.asyncDispose]();
  const files = await listLogs(place.path);
  expect(files.length).toBe(4);
  expect(files.map(({ path }) => statSync(path).size).filter((size) => size > limits.sizeBytesMax)).toEqual([]);
  const numbers = (await linesIn(place.path)).map((line) => Number(line.split(" ")[0]));
  expect(numbers.at(-1)).toBe(19_999);
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, at) => 20_000 - numbers.length + at));
});

test("a process that is killed while it writes and rotates leaves whole lines, but for a last one, and no more files than the bound", async () => {
  await using place = await makeTemporary();
  const program = `${place.path}/writer.ts`;
  writeFileSync(
    program,
    `import { LogFile } from ${JSON.stringify(fileURLToPath(new URL("./log-file.ts", import.meta.url)))};
const file = new LogFile({ directory: process.argv[2], sizeBytesMax: 3000, filesMax: 3, tell: (_, text) => console.log(text) });
let number = 0;
console.log("begun");
setInterval(() => { for (let at = 0; at < 200; at++) file.write(JSON.stringify({ run: process.argv[3], number: number++ }) + "\\n"); }, 1);`,
  );
  const directory = `${place.path}/log`;
  for (let run = 0; run < 6; run++) {
    const child = spawn(process.execPath, [program, directory, String(run)], { stdio: ["ignore", "pipe", "inherit"] });
    const said = (await once(child.stdout, "data")) as [Buffer];
    expect(String(said[0])).toBe("begun\n");
    await waitUntil(
      "a rotation of this run",
      async () => {
        const [oldest] = await linesIn(directory).catch(() => [""]);
        return oldest?.includes(`"run":"${run}"`) === true;
      },
      { everyMs: 7 },
    );
    child.kill("SIGKILL");
    await once(child, "exit");
    expect((await listLogs(directory)).length).toBeLessThanOrEqual(4);
    for (const { path } of await listLogs(directory)) {
      const lines = readFileSync(path, "utf8").split("\n");
      expect(statSync(path).size).toBeLessThanOrEqual(3000);
      for (const line of lines.slice(0, -1)) expect(() => JSON.parse(line) as unknown, line).not.toThrow();
    }
  }
});

test("what a kill left of a line is not taken for the beginning of the next", async () => {
  await using place = await makeTemporary();
  writeFileSync(`${place.path}/hotdir.log`, '{"n":1}\n{"n":');
  const file = openLog(place.path);
  file.write('{"n":2}\n');
  await file[Symbol.asyncDispose]();
  expect(readFileSync(`${place.path}/hotdir.log`, "utf8")).toBe('{"n":1}\n{"n":\n{"n":2}\n');
});

test("a full disk is told once, holds nobody up, and what it did not take is written when there is room, or counted", async () => {
  await using place = await makeTemporary();
  symlinkSync("/dev/full", `${place.path}/hotdir.log`);
  const file = openLog(place.path, { sizeBytesMax: 64 * 1024 * 1024 });
  const line = `${"x".repeat(99)}\n`;
  for (let number = 0; number < 100_000; number++) file.write(line);
  await waitUntil("the trouble told", () => file.told.length > 0);
  expect(file.told).toMatchObject([{ level: "warn" }]);
  expect(file.told[0]?.text).toMatch(/hotdir\.log cannot be written: .*ENOSPC/);
  rmSync(`${place.path}/hotdir.log`);
  await waitUntil("the end of the trouble told", () => file.told.length > 1);
  expect(file.told[1]?.level).toBe("info");
  const dropped = Number(/([\d,]+) lines were dropped/.exec(file.told[1]?.text ?? "")?.[1]?.replaceAll(",", ""));
  await file[Symbol.asyncDispose]();
  expect(dropped).toBeGreaterThan(0);
  expect((await linesIn(place.path)).length + dropped).toBe(100_000);
});

test("a directory that is none does not end anybody", async () => {
  await using place = await makeTemporary();
  writeFileSync(`${place.path}/log`, "a file");
  const file = openLog(`${place.path}/log`);
  file.write("lost\n");
  await waitUntil("the trouble told", () => file.told.length > 0);
  expect(file.told[0]?.text).toMatch(/EEXIST|ENOTDIR/);
  await file[Symbol.asyncDispose]();
});

test("there is one writer: the second waits until the first has ended", async () => {
  await using place = await makeTemporary();
  const [first, second] = [openLog(place.path), openLog(place.path)];
  first.write("first\n");
  await waitUntil("the first line", async () => (await linesIn(place.path)).length === 1);
  second.write("second\n");
  await waitUntil("the refusal", () => second.told.length === 1);
  expect(second.told[0]?.text).toMatch(/another process writes it/);
  await first[Symbol.asyncDispose]();
  await waitUntil("the second line", async () => (await linesIn(place.path)).length === 2);
  await second[Symbol.asyncDispose]();
  expect(await linesIn(place.path)).toEqual(["first", "second"]);
});

test("a file that somebody moved away is begun anew", async () => {
  await using place = await makeTemporary();
  const directory = `${place.path}/log`;
  mkdirSync(directory);
  const file = openLog(directory);
  file.write("before\n");
  await waitUntil("a line", async () => (await linesIn(directory)).length === 1);
  renameSync(`${directory}/hotdir.log`, `${directory}/mine`);
  await waitUntil("a line in the new file", async () => {
    file.write("after\n");
    return (await linesIn(directory)).includes("after");
  });
  await file[Symbol.asyncDispose]();
  expect(readFileSync(`${directory}/mine`, "utf8")).toMatch(/^before\n/);
});
