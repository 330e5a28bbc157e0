import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type CommandTemplate, fillTemplate, readTemplate, takesBatch } from "./template.ts";

const known = new Map([
  ["user", "jdoe"],
  ["host", "example.edu"],
  ["options", "-P 22 -o 'a b'"],
]);

function good(role: "transfer" | "remote", text: string): CommandTemplate {
  const read = readTemplate(role, text, known);
  if (!read.ok) throw new Error(read.faults.map(({ message }) => message).join("; "));
  return read.template;
}

function faults(role: "transfer" | "remote", text: string): string[] {
  const read = readTemplate(role, text, known);
  return read.ok ? [] : read.faults.map(({ message }) => message);
}

test("parameters are filled in before the line is taken apart, files after", () => {
  const template = good("transfer", "scp {options} -Bpq {file} {user}@{host}:{dest}");
  const file = "/data/a b'c;$(x)\n{dest}\"";
  expect(fillTemplate(template, { file, dest: "/stage/1" })).toEqual([
    "scp",
    "-P",
    "22",
    "-o",
    "a b",
    "-Bpq",
    file,
    "jdoe@example.edu:/stage/1",
  ]);
});

test("{batch} becomes as many arguments as there are files", () => {
  const template = good("transfer", "rsync -a -e 'ssh -p 22' {batch} {host}:{dest}/");
  expect(takesBatch(template)).toBe(true);
  expect(fillTemplate(template, { batch: ["/a b", "/c"], dest: "/s" })).toEqual([
    "rsync",
    "-a",
    "-e",
    "ssh -p 22",
    "/a b",
    "/c",
    "example.edu:/s/",
  ]);
});

test("two braces are one, so that other tools keep theirs", () => {
  expect(fillTemplate(good("transfer", "tool '{{x}}' {file} {dest}"), { file: "f", dest: "d" })).toEqual(["tool", "{x}", "f", "d"]);
});

test.each([
  ['ssh h "{command}"', "mv 'a' \"b\"", "mv 'a' \"b\""],
  [`ssh g "ssh h '{command}'"`, "mv 'a'", String.raw`ssh h 'mv '\''a'\'''`],
  [String.raw`ssh g 'ssh h "{command}"'`, 'echo "$x`\\', String.raw`ssh h "echo \"\$x\`\\"`],
])("what is to be run there is quoted for as many shells as read it: %s", (text, command, word) => {
  expect(fillTemplate(good("remote", text), { command }).at(-1)).toBe(word);
});

describe("what is wrong with a template is told", () => {
  test.each<["transfer" | "remote", string, RegExp]>([
    ["transfer", "scp {file} {usr}@h:{dest}", /parameter \{usr\} is used and not defined/],
    ["transfer", "scp {file} h:/x", /no \{dest\}/],
    ["transfer", "scp x h:{dest}", /neither \{file\} nor \{batch\}/],
    ["transfer", "scp {file} {batch} h:{dest}", /both \{file\} and \{batch\}/],
    ["transfer", "scp --files={batch} h:{dest}", /has to stand by itself/],
    ["transfer", "scp {command} {file} {dest}", /\{command\} has no place in the transfer command/],
    ["transfer", "scp 'a {file} {dest}", /quotation that begins with ' is not closed/],
    ["transfer", "scp {file} {dest} \\", /backslash at its end stands alone/],
    ["transfer", "awk {print} {file} {dest}", /parameter \{print\}/],
    ["transfer", "awk {a.b} {file} {dest}", /a \{ by itself means nothing/],
    ["transfer", "{file} {dest}", /begins with no program/],
    ["remote", "ssh h true", /no \{command\}/],
    ["remote", "ssh h {file} {command}", /\{file\} has no place in the remote command/],
    ["remote", "  ", /empty/],
  ])("%s: %s", (role, text, message) => {
    expect(faults(role, text).join("\n")).toMatch(message);
  });
});

test.each([[`sh -c 'cat {file} > {dest}'`], [`sh -c "cat '{file}' > {dest}"`], [String.raw`sh -c 'cat "{file}" > {dest}'`]])(
  "a name is no more than a name to a shell that the user's template starts: %s",
  (text) => {
    const read = readTemplate("transfer", text, new Map());
    if (!read.ok) throw new Error("a good template");
    for (const name of [`/d/a b'c"d$(x)\\;e`, "/d/plain.fits"]) {
      const words = fillTemplate(read.template, { file: name, dest: "/to" });
      expect(execFileSync("sh", ["-c", words[2]!.replace("cat", "printf %s").replace(" > ", " ")], { encoding: "utf8" })).toBe(
        `${name}/to`,
      );
    }
  },
);
