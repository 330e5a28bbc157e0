import { createHash } from "node:crypto";
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { makeTemporary, type Temporary } from "../../../test/support/temporary.ts";
import { type AbsPath, bytesOfText, type RelPath } from "../../kernel/path.ts";
import { SourceReader } from "../read/source-reader.ts";
import { versionOf } from "../version.ts";
import { captureName } from "./capture-name.ts";
import { type RemovalEnd, type RemovalRequest, removeSource, restoreSource } from "./removal.ts";

/** What happens just before the removal's own rename. */
const steps = vi.hoisted(() => ({ beforeRename: null as null | (() => void) }));
beforeEach(() => {
  steps.beforeRename = null;
});

vi.mock(import("node:fs/promises"), async (importOriginal) => {
  const real = await importOriginal();
  const rename: typeof real.rename = async (from, to) => {
    steps.beforeRename?.();
    await real.rename(from, to);
  };
  return { ...real, rename };
});

const reader = new SourceReader();
afterAll(() => reader[Symbol.asyncDispose]());

const content = "the delivered bytes";
const abs = (path: string): AbsPath => bytesOfText(path) as AbsPath;

type Place = Temporary & { file: string; capture: string; request: RemovalRequest };

/** A source with one delivered file. */
async function place(options: { hold?: "same" } = {}): Promise<Place> {
  const temporary = await makeTemporary();
  const root = join(temporary.path, "source");
  mkdirSync(join(root, "sub"), { recursive: true });
  const file = join(root, "sub/file");
  writeFileSync(file, content);
  return {
    path: temporary.path,
    file,
    capture: join(root, "sub", captureName(77)),
    request: {
      root: abs(root),
      path: "sub/file" as RelPath,
      transfer: 77,
      version: versionOf(lstatSync(file, { bigint: true })),
      digest: { algorithm: "sha256", hex: createHash("sha256").update(content).digest("hex") },
      hold: options.hold === undefined ? null : abs(join(temporary.path, "hold")),
    },
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

/** Files and symlinks; what a symlink leads to is listed too. */
function below(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) => !lstatSync(join(directory, name)).isDirectory());
}

const remove = (at: Place): Promise<RemovalEnd> => removeSource(at.request, reader);

describe("a directory that was moved away, with a symlink in its place", () => {
  /** `source/sub` goes to `archive`, and leads there. */
  function archive(at: Place): void {
    renameSync(join(at.path, "source/sub"), join(at.path, "archive"));
    symlinkSync("../archive", join(at.path, "source/sub"));
  }

  test.each([undefined, "same"] as const)("nothing goes from where it leads (hold: %s)", async (hold) => {
    await using at = await place(hold === undefined ? {} : { hold });
    archive(at);
    expect(await remove(at)).toEqual({ kind: "refused", detail: expect.stringContaining("symbolic link") as string });
    expect(below(at.path).sort()).toEqual(["archive/file", "source/sub", "source/sub/file"]);
  });

  test("nothing is put back there, where a kill had interrupted the removal", async () => {
    await using at = await place();
    renameSync(at.file, at.capture);
    archive(at);
    expect((await restoreSource(at.request)).kind).toBe("refused");
    expect(below(join(at.path, "archive"))).toEqual([captureName(77)]);
  });

  test("while the file is being removed: what is done stays in the directory that was looked at", async () => {
    await using at = await place();
    mkdirSync(join(at.path, "other"));
    writeFileSync(join(at.path, "other/file"), "not ours");
    steps.beforeRename = () => {
      steps.beforeRename = null;
      renameSync(join(at.path, "source/sub"), join(at.path, "archive"));
      symlinkSync("../other", join(at.path, "source/sub"));
    };
    expect(await remove(at)).toEqual({ kind: "removed" });
    expect(below(at.path).sort()).toEqual(["other/file", "source/sub", "source/sub/file"]);
  });
});

describe("a link that is followed", () => {
  /** `source/sub/file` is a link to the delivered file, which is outside of the source. */
  async function followed(): Promise<Place & { target: string }> {
    const at = await place();
    const target = join(at.path, "target");
    renameSync(at.file, target);
    symlinkSync("../../target", at.file);
    at.request = { ...at.request, follow: true };
    return { ...at, target };
  }

  test("goes, and what it leads to stays", async () => {
    await using at = await followed();
    expect(await remove(at)).toEqual({ kind: "removed" });
    expect(below(at.path)).toEqual(["target"]);
  });

  test("goes too where a kill had interrupted its removal, and is put back where that is undone", async () => {
    await using at = await followed();
    renameSync(at.file, at.capture);
    expect(await restoreSource(at.request)).toEqual({ kind: "not-the-version" });
    expect(readlinkSync(at.file)).toBe("../../target");
    renameSync(at.file, at.capture);
    expect(await remove(at)).toEqual({ kind: "removed" });
    expect(below(at.path)).toEqual(["target"]);
  });

  test.each(["before", "meanwhile"])("stays where what it leads to was changed %s", async (when) => {
    await using at = await followed();
    const change = (): void => {
      steps.beforeRename = null;
      writeFileSync(at.target, "another version, which is longer");
    };
    if (when === "before") change();
    else steps.beforeRename = change;
    expect(await remove(at)).toEqual({ kind: "not-the-version" });
    expect(below(at.path).sort()).toEqual(["source/sub/file", "target"]);
  });

  test("stays while somebody writes to what it leads to", async () => {
    await using at = await followed();
    const writer = openSync(at.target, "r+");
    try {
      expect(await remove(at)).toEqual({ kind: "not-the-version" });
    } finally {
      closeSync(writer);
    }
    expect(below(at.path).sort()).toEqual(["source/sub/file", "target"]);
  });

  test("that leads to another file or a directory now stays; one that leads to nothing is no delivered file any more", async () => {
    await using at = await followed();
    for (const [target, kind] of [
      ["../other", "not-the-version"],
      [".", "not-the-version"],
      ["nothing", "already-gone"],
    ] as const) {
      writeFileSync(join(at.path, "source/other"), content);
      unlinkSync(at.file);
      symlinkSync(target, at.file);
      expect(await remove(at), target).toEqual({ kind });
      expect(readlinkSync(at.file)).toBe(target);
    }
  });

  test("is not removed by a flow that transfers links", async () => {
    await using at = await followed();
    expect(await removeSource({ ...at.request, follow: false }, reader)).toEqual({ kind: "not-the-version" });
  });
});

test("a source that is not there has lost no file", async () => {
  await using at = await place();
  renameSync(join(at.path, "source"), join(at.path, "elsewhere"));
  expect((await remove(at)).kind).toBe("refused");
});

describe("a file that somebody named, and that is a symlink itself", () => {
  /** The owner's file is elsewhere; what was delivered is read over the link. */
  async function linked(options: { hold?: "same" } = {}): Promise<Place & { target: string }> {
    const at = await place(options);
    const target = join(at.path, "target");
    renameSync(at.file, target);
    symlinkSync("../../target", at.file);
    return { ...at, target, request: { ...at.request, follow: true }, [Symbol.asyncDispose]: () => at[Symbol.asyncDispose]() };
  }

  test("goes as a link, and its target stays", async () => {
    await using at = await linked();
    expect(await remove(at)).toEqual({ kind: "removed" });
    expect(below(at.path)).toEqual(["target"]);
  });

  test("stays where its target is not what was delivered any more", async () => {
    await using at = await linked();
    writeFileSync(at.target, "the changed bytes!!");
    expect(await remove(at)).toEqual({ kind: "not-the-version" });
    expect(lstatSync(at.file).isSymbolicLink()).toBe(true);
  });

  test("is not moved to a holding area, where it would lead nowhere", async () => {
    await using at = await linked({ hold: "same" });
    expect(await remove(at)).toEqual({ kind: "refused", detail: "it is a symbolic link, which is not moved to the holding area" });
    expect(lstatSync(at.file).isSymbolicLink()).toBe(true);
  });
});
