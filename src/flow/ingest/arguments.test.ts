import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import type { AbsPath } from "../../kernel/path.ts";
import { fitting, launchOf, nulSeparated } from "./arguments.ts";

const of = (path: string): { path: AbsPath } => ({ path: path as AbsPath });

test("a batch is cut where its paths would be too long for one command, and a single file never is", () => {
  const long = Array.from({ length: 1000 }, (_, at) => of(`/${"d/".repeat(2000)}${at}`));
  const first = fitting(long);
  expect(first.length).toBeGreaterThan(100);
  expect(first.length).toBeLessThan(140);
  expect(fitting([of(`/${"x".repeat(600_000)}`), of("/b")])).toHaveLength(1);
  expect(fitting([of("/a"), of("/b")])).toHaveLength(2);
});

test("names that are text are arguments as they are, and others come to the program byte for byte by xargs", () => {
  const text = ["/a b", "/-c", "/\u00c3\u00a9\n"] as AbsPath[];
  using plain = launchOf(["prog", "-x"], text);
  expect(plain).toMatchObject({ program: "prog", args: ["-x", "/a b", "/-c", "/\u00e9\n"], byXargs: false });
  const bytes = ["/no utf\u00ff8", "/two words", "/new\nline", "/q'\""] as AbsPath[];
  using launch = launchOf(["printf", "%s\\0"], bytes);
  const printed = execFileSync(launch.program, launch.args, { stdio: ["ignore", "pipe", "inherit", launch.list!] });
  expect(printed).toEqual(nulSeparated(bytes));
});
