import { createHash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { makeTemporary, type Temporary } from "../../../test/support/temporary.ts";
import { type AbsPath, bytesOfText, type RelPath } from "../../kernel/path.ts";
import { SourceReader } from "../read/source-reader.ts";
import { versionOf } from "../version.ts";
import { captureName } from "./capture-name.ts";
import { type RemovalEnd, type RemovalRequest, removeSource, restoreSource } from "./removal.ts";

/**
 * Steps of `removal.ts`: each call of the file system. At step `dieAt` nothing more happens, before
 * or after that call took effect, which for the files is what a kill is. `before` runs at a step.
 */
const steps = vi.hoisted(() => ({
  count: 0,
  dieAt: Infinity,
  how: "before" as "before" | "after",
  died: null as null | (() => void),
  hook: null as null | ((call: string) => void),
  refuse: null as null | { call: string; code: string },
}));

vi.mock(import("node:fs/promises"), async (importOriginal) => {
  const real = await importOriginal();
  const never = new Promise<never>(() => undefined);
  const counted =
    (name: string, call: (...given: unknown[]) => Promise<unknown>) =>
    async (...given: unknown[]) => {
      const dies = ++steps.count >= steps.dieAt;
      if (dies && (steps.how === "before" || steps.count > steps.dieAt)) {
        steps.died?.();
        return await never;
      }
      steps.hook?.(name);
      if (steps.refuse?.call === name) throw Object.assign(new Error(`${steps.refuse.code}: refused`), { code: steps.refuse.code });
      const result = await call(...given);
      if (!dies) return result;
      if (name === "open") await (result as FileHandle).close();
      steps.died?.();
      return await never;
    };
  const calls = ["rename", "link", "unlink", "copyFile", "mkdir", "open", "lstat"] as const;
  const wrapped = Object.fromEntries(calls.map((name) => [name, counted(name, real[name] as (...given: unknown[]) => Promise<unknown>)]));
  return { ...real, ...wrapped };
});

beforeEach(() => Object.assign(steps, { count: 0, dieAt: Infinity, how: "before", died: null, hook: null, refuse: null }));

const reader = new SourceReader();
afterAll(() => reader[Symbol.asyncDispose]());

const content = "the delivered bytes";
const abs = (path: string): AbsPath => bytesOfText(path) as AbsPath;

type Place = Temporary & { file: string; capture: string; hold: string; request: RemovalRequest };

/** A source with one delivered file, and a holding area. */
async function place(options: { hold?: "same" | "other" } = {}): Promise<Place> {
  const temporary = await makeTemporary();
  const other = options.hold === "other" ? await makeTemporary({ on: "disk" }) : null;
  const root = join(temporary.path, "source");
  mkdirSync(join(root, "sub"), { recursive: true });
  const file = join(root, "sub/file");
  writeFileSync(file, content, { mode: 0o640 });
  utimesSync(file, 1_700_000_000, 1_700_000_000);
  const hold = join((other ?? temporary).path, "hold");
  return {
    path: temporary.path,
    file,
    capture: join(root, "sub", captureName(77)),
    hold: join(hold, "sub/file"),
    request: {
      root: abs(root),
      path: "sub/file" as RelPath,
      transfer: 77,
      version: versionOf(lstatSync(file, { bigint: true })),
      digest: { algorithm: "sha256", hex: createHash("sha256").update(content).digest("hex") },
      hold: options.hold === undefined ? null : abs(hold),
    },
    async [Symbol.asyncDispose]() {
      await temporary[Symbol.asyncDispose]();
      await other?.[Symbol.asyncDispose]();
    },
  };
}

function below(directory: string): string[] {
  return existsSync(directory)
    ? readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) => !lstatSync(join(directory, name)).isDirectory())
    : [];
}

const remove = (at: Place): Promise<RemovalEnd> => removeSource(at.request, reader);

describe("a delivered file", () => {
  test("is deleted", async () => {
    await using at = await place();
    expect(await remove(at)).toEqual({ kind: "removed" });
    expect(below(at.path)).toEqual([]);
  });

  test("is held under the same relative path", async () => {
    await using at = await place({ hold: "same" });
    expect(await remove(at)).toEqual({ kind: "held", at: at.hold });
    expect(readFileSync(at.hold, "utf8")).toBe(content);
    expect(below(join(at.path, "source"))).toEqual([]);
  });

  test("is held on another file system, with its mode and time", async () => {
    expect(tmpdir(), "two file systems are needed for this").not.toBe("/dev/shm");
    await using at = await place({ hold: "other" });
    expect(lstatSync(at.path).dev).not.toBe(lstatSync(tmpdir()).dev);
    expect(await remove(at)).toEqual({ kind: "held", at: at.hold });
    const held = lstatSync(at.hold);
    expect([held.mode & 0o7777, held.mtimeMs, readFileSync(at.hold, "utf8")]).toEqual([0o640, 1_700_000_000_000, content]);
    expect(below(join(at.hold, "../.."))).toEqual(["sub/file"]);
    expect(existsSync(at.file)).toBe(false);
  });

  test.each(["same", "other"] as const)("never goes over a different file in the holding area (%s file system)", async (hold) => {
    await using at = await place({ hold });
    mkdirSync(join(at.hold, ".."), { recursive: true });
    writeFileSync(at.hold, "an older one");
    writeFileSync(`${at.hold}.~1~`, "another");
    expect(await remove(at)).toEqual({ kind: "held", at: `${at.hold}.~2~` });
    expect([readFileSync(at.hold, "utf8"), readFileSync(`${at.hold}.~2~`, "utf8")]).toEqual(["an older one", content]);
  });

  test.each(["same", "other"] as const)(
    "never takes anything else from the holding area, whatever its name (%s file system)",
    async (hold) => {
      await using at = await place({ hold });
      const others = ["file.hotdir-partial", ".hotdir-25.removing", ".hotdir-25.holding", ".hotdir-25-0123456789abcdef.holding"];
      mkdirSync(join(at.hold, ".."), { recursive: true });
      for (const name of others) writeFileSync(join(at.hold, "..", name), "somebody's");
      expect(await remove(at)).toEqual({ kind: "held", at: at.hold });
      expect(below(join(at.hold, "..")).sort()).toEqual([...others, "file"].sort());
    },
  );

  test("whose content is in the holding area already is not held twice", async () => {
    await using at = await place({ hold: "same" });
    mkdirSync(join(at.hold, ".."), { recursive: true });
    writeFileSync(at.hold, content);
    expect(await remove(at)).toEqual({ kind: "held", at: at.hold });
    expect(below(join(at.path, "hold"))).toEqual(["sub/file"]);
  });

  test("is held on a file system that knows no hard links", async () => {
    await using at = await place({ hold: "same" });
    steps.refuse = { call: "link", code: "EPERM" };
    expect(await remove(at)).toEqual({ kind: "held", at: at.hold });
    expect(below(at.path)).toEqual(["hold/sub/file"]);
  });
});

describe("what is not the delivered version stays where it is", () => {
  const spoil: Array<[string, (file: string) => void]> = [
    ["it was written on", (file) => appendFileSync(file, "more")],
    ["another file of the same size and time took its place", (file) => replaceLike(file)],
    ["it was touched", (file) => utimesSync(file, 1, 1)],
    [
      "a symlink took its place",
      (file) => {
        renameSync(file, `${file}.moved`);
        symlinkSync("file.moved", file);
      },
    ],
    [
      "a directory took its place",
      (file) => {
        rmSync(file);
        mkdirSync(file);
      },
    ],
  ];
  test.each(spoil)("%s", async (_title, change) => {
    await using at = await place();
    change(at.file);
    const before = below(at.path);
    expect(await remove(at)).toEqual({ kind: "not-the-version" });
    expect(below(at.path)).toEqual(before);
    expect(lstatSync(at.file)).toBeDefined();
  });

  test("same version by its facts, and other bytes: the digest decides", async () => {
    await using at = await place();
    writeFileSync(at.file, content.toUpperCase());
    utimesSync(at.file, 1_700_000_000, 1_700_000_000);
    expect(await remove(at)).toEqual({ kind: "not-the-version" });
    expect(readFileSync(at.file, "utf8")).toBe(content.toUpperCase());
    expect(existsSync(at.capture)).toBe(false);
  });

  test("somebody has it open for writing", async () => {
    await using at = await place();
    const descriptor = openSync(at.file, "r+");
    expect(await remove(at)).toEqual({ kind: "not-the-version" });
    expect(readFileSync(at.file, "utf8")).toBe(content);
    closeSync(descriptor);
    expect(await remove(at)).toEqual({ kind: "removed" });
  });

  test("it is gone", async () => {
    await using at = await place();
    rmSync(at.file);
    expect(await remove(at)).toEqual({ kind: "already-gone" });
  });
});

function replaceLike(file: string): void {
  writeFileSync(`${file}.new`, content);
  utimesSync(`${file}.new`, 1_700_000_000, 1_700_000_000);
  renameSync(`${file}.new`, file);
}

describe("a newer file that comes meanwhile is never touched", () => {
  /** Does something when the removal makes its n-th call of this name. */
  function when(call: string, act: () => void): void {
    steps.hook = (name) => {
      if (name !== call) return;
      steps.hook = null;
      act();
    };
  }

  test("between the look and the capture: it is put back", async () => {
    await using at = await place();
    when("rename", () => {
      writeFileSync(`${at.file}.new`, "newer");
      renameSync(`${at.file}.new`, at.file);
    });
    expect(await remove(at)).toEqual({ kind: "not-the-version" });
    expect(below(at.path)).toEqual(["source/sub/file"]);
    expect(readFileSync(at.file, "utf8")).toBe("newer");
  });

  test("between the capture and the removal: it stays and the delivered one goes", async () => {
    await using at = await place();
    when("unlink", () => writeFileSync(at.file, "newer"));
    expect(await remove(at)).toEqual({ kind: "removed" });
    expect(below(at.path)).toEqual(["source/sub/file"]);
    expect(readFileSync(at.file, "utf8")).toBe("newer");
  });

  test("twice: the older one, which was never delivered, is set aside and told", async () => {
    await using at = await place();
    when("rename", () => {
      appendFileSync(at.file, " and more");
      when("link", () => writeFileSync(at.file, "newest"));
    });
    expect(await remove(at)).toEqual({ kind: "set-aside", at: at.capture });
    expect([readFileSync(at.file, "utf8"), readFileSync(at.capture, "utf8")]).toEqual(["newest", `${content} and more`]);
  });
});

test("what cannot be removed is refused with the reason, and is where it was", async () => {
  await using at = await place();
  steps.refuse = { call: "unlink", code: "EROFS" };
  const end = await remove(at);
  expect(end).toMatchObject({ kind: "refused", detail: expect.stringContaining("EROFS") as string });
  steps.refuse = null;
  expect(await remove(at)).toEqual({ kind: "removed" });
  expect(below(at.path)).toEqual([]);
});

describe("killed at every step, and run again", () => {
  /** Every file that has the content, by its name below the world. */
  const copies = (at: Place): string[] =>
    [...below(join(at.path, "source")), ...below(join(at.hold, "../.."))].filter((name) => !name.endsWith(".holding"));

  async function kill(at: Place, dieAt: number, how: "before" | "after"): Promise<"died" | RemovalEnd> {
    const died = new Promise<"died">((resolve) => Object.assign(steps, { count: 0, dieAt, how, died: () => resolve("died") }));
    const end = await Promise.race([died, remove(at)]);
    Object.assign(steps, { count: 0, dieAt: Infinity, died: null });
    return end;
  }

  const scenarios: Array<[string, "same" | "other" | undefined, (at: Place) => void, RemovalEnd["kind"], number]> = [
    ["deleting", undefined, () => undefined, "removed", 0],
    ["holding", "same", () => undefined, "held", 1],
    ["holding on another file system", "other", () => undefined, "held", 1],
    ["putting back a file that is not the version", undefined, (at) => changeBytes(at.file), "not-the-version", 1],
  ];
  test.each(scenarios)("%s: never lost, never both", { timeout: 60_000 }, async (_title, hold, prepare, wanted, left) => {
    for (const how of ["before", "after"] as const) {
      let dieAt = 1;
      for (; ; dieAt++) {
        await using at = await place(hold === undefined ? {} : { hold });
        prepare(at);
        const end = await kill(at, dieAt, how);
        if (end !== "died") break;
        const lost = copies(at).length === 0 && wanted !== "removed";
        expect(lost, `lost when killed ${how} step ${dieAt}`).toBe(false);
        const again = await remove(at);
        // A kill after the last step cannot be told from somebody else's removal.
        const ends = wanted === "removed" ? ["removed", "already-gone"] : [wanted];
        expect(ends, `killed ${how} step ${dieAt}`).toContain(again.kind);
        expect(copies(at), `killed ${how} step ${dieAt}`).toHaveLength(left);
        expect([...below(at.path), ...below(join(at.hold, "../.."))].filter((name) => /hotdir/.test(name))).toEqual([]);
        expect(dieAt).toBeLessThan(100);
      }
      expect(dieAt).toBeGreaterThan(3);
    }
  });

  test("and undone where it may not go on: it is back, or it was already gone", async () => {
    for (let dieAt = 1; ; dieAt++) {
      await using at = await place();
      if ((await kill(at, dieAt, "after")) !== "died") break;
      const end = await restoreSource(at.request);
      expect(end.kind).toBe(existsSync(at.file) ? "not-the-version" : "already-gone");
      expect(existsSync(at.capture)).toBe(false);
    }
  });
});

function changeBytes(file: string): void {
  writeFileSync(file, content.toUpperCase());
  utimesSync(file, 1_700_000_000, 1_700_000_000);
}
