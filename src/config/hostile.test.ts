import * as fc from "fast-check";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FILE_BYTES_MAX } from "./document.ts";
import { loadConfiguration } from "./load.ts";
import { parseConfiguration } from "./parse.ts";

const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };
const flow = "{source: {directory: /in}, destination: {url: 'file:/out'}}";

function faultsOf(text: string): Array<{ line: number; message: string }> {
  const loaded = parseConfiguration(text, "/etc/hotdir.yaml", options);
  return loaded.ok ? [] : loaded.faults.map(({ line, message }) => ({ line, message }));
}

describe("a hostile text gives a fault, soon", () => {
  const laughs = Array.from(
    { length: 40 },
    (_, level) => `x-l${level + 1}: &l${level + 1} [${Array.from({ length: 9 }, () => `*l${level}`).join(", ")}]`,
  );

  it("aliases of aliases of aliases (billion laughs)", () => {
    const text = [
      "x-l0: &l0 [lol, lol]",
      ...laughs,
      `flows: {a: {source: {directory: /in, accept: *l9}, destination: {url: 'file:/out'}}}`,
    ].join("\n");
    expect(faultsOf(text)).toContainEqual(expect.objectContaining({ message: expect.stringMatching(/more than 20000 values/) }));
  });

  it("merges of merges", () => {
    const merges = Array.from(
      { length: 40 },
      (_, level) => `x-m${level + 1}: &m${level + 1} {k${level}: [*m${level}, *m${level}], <<: [*m${level}, *m${level}]}`,
    );
    const text = ["x-m0: &m0 {a: 1}", ...merges, `flows: {a: ${flow}}`].join("\n");
    expect(faultsOf(text)).toContainEqual(expect.objectContaining({ message: expect.stringMatching(/more than 20000 values/) }));
  });

  it("an alias that contains itself", () => {
    expect(faultsOf(`flows: {a: &a {source: *a, destination: {url: 'file:/out'}}}`)).toEqual([
      { line: 1, message: "the alias *a contains itself" },
    ]);
  });

  it("variables that double with each", () => {
    const vars = Array.from({ length: 60 }, (_, level) => `  v${level + 1}: "\${v${level}}\${v${level}}"`);
    expect(faultsOf(`vars:\n  v0: xxxx\n${vars.join("\n")}\nflows: {a: ${flow}}`)).toContainEqual({
      line: 15,
      message: "with its variables this is longer than 16384 characters",
    });
  });

  it.each([
    ["a NUL", `flows:\n  a: \0\n`, 2],
    ["an escape character", "flows:\n\n \u001b[2J", 3],
    ["half a surrogate pair", "flows: \ud800", 1],
  ])("%s", (_, text, line) => {
    expect(faultsOf(text)).toMatchObject([{ line, message: expect.stringMatching(/control character/) }]);
  });

  it.each([
    ["lists in lists", "["],
    ["maps in maps", "{a: "],
    ["lists in lists, by dashes", "- "],
    ["keys of keys", "? "],
    ["commas", "[,"],
    ["anchors", "&a "],
    ["quotes", '"'],
    ["bad escapes", 'a: "\\q"\n'],
    ["documents", "---\n"],
    ["directives", "%\n"],
    ["tabs", "a:\n\t"],
    ["aliases", "*a "],
    ["colons", ":"],
    ["unknown keys", "a: 1\n"],
  ])("as many %s as a file may hold", { timeout: 30_000 }, (_, piece) => {
    const faults = faultsOf(piece.repeat(Math.floor(FILE_BYTES_MAX / piece.length)));
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.length).toBeLessThanOrEqual(100);
  });

  it("as many different keys, aliases and lines as a file may hold", { timeout: 30_000 }, () => {
    const keys = Array.from({ length: 15_000 }, (_, index) => `k${index}: 1\n`).join("");
    expect(faultsOf(keys)).toHaveLength(100);
    expect(faultsOf(`x-a: &a 1\nx-b: [${"*a,".repeat(80_000)}]\nflows: {a: ${flow}}`).length).toBeGreaterThan(0);
  });

  it("a large map that is merged many times", () => {
    const keys = Array.from({ length: 9000 }, (_, index) => `k${index}: 1`).join(", ");
    const text = `x-a: &a {${keys}}\nx-b: [${"{<<: *a},".repeat(9000)}]\nflows: {a: ${flow}}`;
    expect(faultsOf(text)).toContainEqual({ line: 2, message: "merge keys copy more than 20000 values" });
  });

  it.each(["://", "//:", "@:", "~/", "a:@", "..", "passw ", "1", "(", "\\"])(
    "a destination of many %s, and the line that shows it",
    { timeout: 5000 },
    (piece) => {
      const url = `sftp://${piece.repeat(80_000)}`.slice(0, 240_000);
      expect(
        faultsOf(
          `flows: {a: {source: {directory: ['${url}']}, destination: {url: '${url.slice(0, 12_000)}', lanes: 0, keep_free: '${url.slice(0, 4000)}'}}}`,
        ).length,
      ).toBeGreaterThan(2);
    },
  );

  it.each(["://", "//:", "@:", "a:@", "..", "${", "${%", "${1}", "#.", "*/", "("])(
    "a flow of messages made of many %s",
    { timeout: 20_000 },
    (piece) => {
      const long = piece.repeat(80_000).slice(0, 80_000);
      const short = long.slice(0, 2000);
      const routes = `routes: [{accept: '${short}', into: '${short}', strip: '${short}', name: '${short}'}]`;
      expect(
        faultsOf(
          `flows: {a: {source: {subscribe: {broker: 'amqp://${long}', exchange: '${short}', topics: ['${long}']}, ${routes}}, destination: {url: 'file:/o'}}}`,
        ).length,
      ).toBeGreaterThan(2);
    },
  );

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("the key %s is a key like others", (key) => {
    expect(faultsOf(`flows: {a: ${flow}}\n${key}: {source: 1}\n`)).toMatchObject([
      { line: 2, message: expect.stringMatching(/unknown key/) },
    ]);
    expect(faultsOf(`flows: {${key}: ${flow}}`)).toHaveLength(key === "__proto__" ? 1 : 0);
    expect(faultsOf(`flows: {a: {source: {directory: "/\${${key}}"}, destination: {url: 'file:/out'}}}`)).toMatchObject([
      { message: expect.stringMatching(/variable/) },
    ]);
  });

  it("any text at all", () => {
    const pieces = fc.constantFrom(
      "flows",
      "a",
      ":",
      " ",
      "\n",
      "  ",
      "{",
      "}",
      "[",
      "]",
      "&x",
      "*x",
      "<<",
      "'",
      '"',
      "|",
      "- ",
      "? ",
      "!",
      "%",
      "#",
      "${",
      "}",
      "~",
      "vars",
      "source",
      "destination",
      "url",
      ",",
      "1",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (list) => {
        expect(parseConfiguration(list.join(""), "/x.yaml", options).ok).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a file that is no configuration", () => {
  let directory = "";
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "hotdir-config-"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  function load(name: string): string[] {
    const loaded = loadConfiguration(join(directory, name), options);
    return loaded.ok ? [] : loaded.faults.map((fault) => fault.message);
  }

  it("is a fault where it is not there, a directory or a fifo that nobody writes", () => {
    execFileSync("mkfifo", [join(directory, "fifo")]);
    expect(load("missing.yaml")).toMatchObject([expect.stringMatching(/no such file/)]);
    expect(load(".")).toMatchObject([expect.stringMatching(/a directory/)]);
    expect(load("fifo")).toMatchObject([expect.stringMatching(/no regular file/)]);
  });

  it("is a fault where it is large, binary or unending", () => {
    writeFileSync(join(directory, "large"), "# comment\n".repeat(1_000_000));
    writeFileSync(join(directory, "binary"), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe]));
    expect(load("large")).toMatchObject([expect.stringMatching(/larger than 256 KiB/)]);
    expect(load("binary")).toEqual(["the file is not UTF-8 text"]);
    const zeros = loadConfiguration("/dev/zero", options);
    expect(zeros.ok ? [] : zeros.faults).toMatchObject([{ message: expect.stringMatching(/no regular file/) }]);
  });

  it("is read where it is one, relative paths from its own directory", () => {
    writeFileSync(join(directory, "good.yaml"), `flows: {a: {source: {directory: in}, destination: {url: 'file:out'}}}\n`);
    chmodSync(join(directory, "good.yaml"), 0o400);
    const loaded = loadConfiguration(join(directory, "good.yaml"), options);
    expect(loaded.ok && loaded.configuration.flows[0]?.source.root).toBe(join(directory, "in"));
  });
});
