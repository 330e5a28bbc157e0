import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { hostileNames } from "../../../test/support/names.ts";
import { type Bytes, bytesOf } from "../../kernel/path.ts";
import { anyShellBytes, forAnyShell } from "./any-shell.ts";
import { quotePath } from "./shell-quote.ts";
import { fillTemplate, readTemplate } from "./template.ts";

const names = [
  ...hostileNames.map((name, at) => name(`n${at}`)),
  "x\\'; echo owned #",
  "x\\\\';echo owned;'",
  "`echo owned`",
  "a!b !! '!'",
  "\\0047",
];
const script = names.map((name) => `printf '%s\\n-\\n' ${quotePath(name as Bytes)}`).join(";");
const expected = names.map((name) => `${name}\n-\n`).join("");
const shells = ["/bin/sh", "/bin/bash", "/bin/dash", "/usr/bin/zsh", "/usr/bin/tcsh", "/usr/bin/fish", "/usr/bin/ksh"];

test.for(shells)("paths of any name reach a POSIX shell by the login shell %s", (shell, { skip }) => {
  skip(!existsSync(shell), "not installed here");
  expect(bytesOf(execFileSync(shell, ["-c", forAnyShell(script)], { timeout: 10_000 }))).toBe(expected);
});

test("and by a second login that the user's template quotes for", () => {
  for (const text of [`sh -c "sh -c '{command}'"`, String.raw`sh -c 'sh -c "{command}"'`]) {
    const read = readTemplate("remote", text, new Map());
    if (!read.ok) throw new Error("a good template");
    const [program, ...args] = fillTemplate(read.template, { command: forAnyShell(script) });
    expect(bytesOf(execFileSync(program!, args, { timeout: 10_000 })), text).toBe(expected);
  }
});

test("the length that is told of a part is what it takes at most", () => {
  const whole = forAnyShell(script);
  expect(anyShellBytes(script) + 60).toBeGreaterThanOrEqual(Buffer.byteLength(whole));
});
