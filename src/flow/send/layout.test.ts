import fc from "fast-check";
import { expect, test } from "vitest";
import { hostileNames } from "../../../test/support/names.ts";
import { type AbsPath, type Bytes, NAME_BYTES_MAX, nameOf, parentOf, type RelPath, relPath } from "../../kernel/path.ts";
import { Layout } from "./layout.ts";

const directory = "/there" as AbsPath;
const bySuffix = new Layout({ directory, inflight: { kind: "suffix", suffix: ".tmp" } }, "k3f9a");
const staged = new Layout({ directory, inflight: { kind: "staging", directory: "/staging" } }, "k3f9a");

const name = fc.oneof(
  fc.integer({ min: 1, max: NAME_BYTES_MAX }).map((length) => "n".repeat(length)),
  fc.constantFrom(...hostileNames).map((make) => make("x")),
);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => relPath(names.join("/") as Bytes));
const attempt = fc.record({ id: fc.integer({ min: 1, max: 2 ** 48 }), attempt: fc.nat(1e6) });

test("an inflight name is one that the file system takes, in the directory of the file", () => {
  fc.assert(
    fc.property(path, attempt, (file, of) => {
      const inflight = bySuffix.inflightName(file, of);
      expect(nameOf(inflight).length).toBeLessThanOrEqual(NAME_BYTES_MAX);
      expect(parentOf(inflight)).toBe(parentOf(file));
      expect(inflight.endsWith(".tmp")).toBe(true);
      expect(bySuffix.inflight(file, of)).toBe(`/there/${inflight}`);
    }),
  );
});

test.each([
  ["suffix", bySuffix],
  ["staging", staged],
])("two attempts never share an inflight name (%s), and none is a final name of the other", (_kind, layout) => {
  fc.assert(
    fc.property(path, attempt, path, attempt, (a, first, b, second) => {
      fc.pre(first.id !== second.id || first.attempt !== second.attempt);
      const names = [layout.inflight(a, first), layout.plainInflight(first)];
      expect(names).not.toContain(layout.inflight(b, second));
      expect(names).not.toContain(layout.plainInflight(second));
      expect(names).not.toContain(layout.final(b));
    }),
  );
});

test("two ledgers never share an inflight name", () => {
  const other = new Layout({ directory, inflight: { kind: "suffix", suffix: ".tmp" } }, "k3f9b");
  const of = { id: 1, attempt: 1 };
  expect(other.inflight("a" as RelPath, of)).not.toBe(bySuffix.inflight("a" as RelPath, of));
});

test("the name for a user's own command has no character that a shell would read, whatever the file is called", () => {
  fc.assert(
    fc.property(attempt, (of) => {
      expect(bySuffix.plainInflight(of)).toMatch(/^\/there\/[a-z0-9-]+\.tmp$/);
    }),
  );
});

test("in a staging directory nothing but the mark is the name, so that no two directories are needed", () => {
  expect(staged.inflight("deep/er/file" as RelPath, { id: 36, attempt: 2 })).toBe("/staging/k3f9a-10-2");
  expect(staged.final("deep/er/file" as RelPath)).toBe("/there/deep/er/file");
});

test("the remote home itself is a root", () => {
  const home = new Layout(
    {
      directory: "" as Bytes,
      inflight: { kind: "suffix", suffix: ".tmp" },
    },
    "k3f9a",
  );
  expect(home.final("a" as RelPath)).toBe("a");
  expect(home.inflight("a" as RelPath, { id: 1, attempt: 1 })).toBe("a.k3f9a-1-1.tmp");
});
