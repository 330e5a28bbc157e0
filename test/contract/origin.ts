import { randomBytes } from "node:crypto";
import {
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
  closeSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OpenOptions, Origin, OriginFile, OriginSet } from "../../src/flow/fetch/contract.ts";
import { sameVersion } from "../../src/flow/version.ts";
import type { ErrorCode } from "../../src/kernel/error-codes.ts";
import { hasCode, HotdirError } from "../../src/kernel/errors.ts";
import { relPath, type Bytes, type RelPath } from "../../src/kernel/path.ts";
import { hostileNames } from "../support/names.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { toBuffer } from "../support/walk.ts";

export type MadeOrigins = AsyncDisposable & { origins: OriginSet; baseUrl: string };

const never = new AbortController().signal;
const whole: OpenOptions = { from: null, compared: false, windowBytes: 1024 * 1024 };
export const rel = (path: string): RelPath => relPath(path as Bytes);

/** What `Origin` promises, whoever implements it. `make` opens one on a directory of this machine; `sees`: what its kind can tell. */
export function describeOrigin(
  implementation: string,
  sees: { directories: boolean; links: boolean; modes: boolean },
  make: (directory: string) => Promise<MadeOrigins>,
): void {
  describe(`origin: ${implementation}`, () => {
    let temporary: Temporary;
    let made: MadeOrigins;
    let origin: Origin;
    const at = (path: string): string => `${temporary.path}/files/${path}`;
    const write = (path: string, bytes: string | Buffer): void => writeFileSync(toBuffer(at(path)), bytes);

    beforeEach(async () => {
      temporary = await makeTemporary();
      mkdirSync(at("below/further"), { recursive: true });
      made = await make(`${temporary.path}/files`);
      origin = made.origins.at(made.baseUrl);
    });
    afterEach(async () => {
      await made[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    });

    it("gives a file whole, with its size and time, in the version that a look tells", async () => {
      const bytes = randomBytes(3_000_001);
      write("below/further/a", bytes);
      utimesSync(at("below/further/a"), 1_500_000_000, 1_500_000_000);
      const seen = await origin.look(rel("below/further/a"));
      await using file = await origin.open(rel("below/further/a"), whole, never);
      expect(file.sizeBytes).toBe(bytes.length);
      expect(file.mtimeNs).toBe(1_500_000_000_000_000_000n);
      expect(seen).toMatchObject({ kind: "file", path: "below/further/a", version: file.version });
      expect((await bytesOf(file)).equals(bytes)).toBe(true);
      expect(file.mode).toBe(sees.modes ? 0o644 : null);
    });

    it("gives an empty file", async () => {
      write("empty", "");
      await using file = await origin.open(rel("empty"), whole, never);
      expect([file.sizeBytes, (await bytesOf(file)).length]).toEqual([0, 0]);
    });

    it("gives hundreds of files at once, each with its own bytes", async () => {
      const names = Array.from({ length: 300 }, (_, index) => `many-${index}`);
      for (const name of names) write(name, `${name} `.repeat(100));
      const got = await Promise.all(names.map((name) => fetchWhole(origin, name)));
      expect(got.every((bytes, index) => bytes.toString() === `${names[index]} `.repeat(100))).toBe(true);
    });

    it("takes any name", async () => {
      for (const [index, name] of hostileNames.entries()) write(`below/${name(String(index))}`, `bytes of ${index}`);
      for (const [index, name] of hostileNames.entries())
        expect((await fetchWhole(origin, `below/${name(String(index))}`)).toString()).toBe(`bytes of ${index}`);
    });

    it("takes names that mean something in a URL as the names that they are", async () => {
      mkdirSync(at("a%2fb"));
      for (const name of ["%2e%2e", "100%", "a?b=c", "x#y", "a%2fb/c", "q&r;s", "+ +"]) write(name, `bytes of ${name}`);
      for (const name of ["%2e%2e", "100%", "a?b=c", "x#y", "a%2fb/c", "q&r;s", "+ +"])
        expect((await fetchWhole(origin, name)).toString()).toBe(`bytes of ${name}`);
    });

    it("tells what is not there", async () => {
      expect(await origin.look(rel("nothing"))).toEqual({ kind: "gone", path: "nothing", directory: false });
      expect(await origin.look(rel("no/such/directory"))).toMatchObject({ kind: "gone" });
      await expectCode("source-gone", () => origin.open(rel("no/such/file"), whole, never));
    });

    if (sees.directories)
      it("tells directories, and opens none", async () => {
        expect(await origin.look(rel("below"))).toMatchObject({ kind: "directory", path: "below" });
        await expectCode("source-changed", () => fetchWhole(origin, "below"));
      });

    if (sees.links)
      it("tells symlinks, and does not follow one at the end of a path", async () => {
        write("target", "secret");
        symlinkSync("target", at("link"));
        expect(await origin.look(rel("link"))).toMatchObject({ kind: "symlink", target: "target" });
        await expectCode("source-changed", () => fetchWhole(origin, "link"));
      });

    it("goes on in the same version where it was asked to, and not in another", async () => {
      const bytes = randomBytes(2_000_000);
      write("long", bytes);
      utimesSync(at("long"), 1_500_000_000, 1_500_000_000);
      await using first = await origin.open(rel("long"), whole, never);
      await bytesOf(first);
      const from = { offset: 1_234_567, version: first.version };
      await using rest = await origin.open(rel("long"), { ...whole, from }, never);
      expect(rest.offset).toBe(1_234_567);
      expect(sameVersion(rest.version, first.version)).toBe(true);
      expect((await bytesOf(rest)).equals(bytes.subarray(1_234_567))).toBe(true);
      write("long", randomBytes(2_000_000));
      await expectCode("source-changed", () => origin.open(rel("long"), { ...whole, from }, never));
    });

    it("never gives a file whole that was changed while it was read", async () => {
      const changes = [(path: string) => overwrite(path, "b"), (path: string) => truncateSync(path, 9_000_000), append];
      for (const change of changes) {
        write("moving", Buffer.alloc(12_000_000, "a"));
        utimesSync(at("moving"), 1_500_000_000, 1_500_000_000);
        await using file = await origin.open(rel("moving"), { ...whole, windowBytes: 256 * 1024 }, never);
        let read = 0;
        await expectCode("source-changed", async () => {
          for await (const chunk of file.chunks) {
            if (read === 0) change(at("moving"));
            read += chunk.length;
          }
        });
      }
    });

    it("gives one version where another is renamed over it", async () => {
      write("current", Buffer.alloc(5_000_000, "a"));
      write("next", Buffer.alloc(5_000_000, "b"));
      await using file = await origin.open(rel("current"), { ...whole, windowBytes: 256 * 1024 }, never);
      const letters = new Set<number>();
      const reading = async (): Promise<void> => {
        for await (const chunk of file.chunks) {
          if (letters.size === 0) renameSync(at("next"), at("current"));
          for (const byte of new Set(chunk)) letters.add(byte);
        }
      };
      const failure = await reading().catch((error: unknown) => error);
      expect(failure).toSatisfy((error: unknown) => error === undefined || hasCode(error, "source-changed"));
      expect(letters.size).toBe(1);
    });

    it("gives a place back when a file is left before its end, or never read", async () => {
      write("left", Buffer.alloc(700_000, "a"));
      for (let times = 0; times < 150; times++) {
        await using file = await origin.open(rel("left"), { ...whole, windowBytes: 256 * 1024 }, never);
        if (times % 2 === 0) continue;
        for await (const chunk of file.chunks) if (chunk.length > 0) break;
      }
      expect((await fetchWhole(origin, "left")).length).toBe(700_000);
    });

    it("stops when it is told to", async () => {
      write("stopped", Buffer.alloc(8_000_000, "a"));
      const stop = new AbortController();
      const reason = new HotdirError("interrupted", { operation: "test" });
      await using file = await origin.open(rel("stopped"), { ...whole, windowBytes: 256 * 1024 }, stop.signal);
      const reading = (async () => {
        for await (const chunk of file.chunks) if (chunk.length > 0) stop.abort(reason);
      })();
      await expect(reading).rejects.toBe(reason);
      await expect(origin.open(rel("stopped"), whole, stop.signal)).rejects.toBe(reason);
    });

    it("knows another name of the same file for a file like any other", async () => {
      write("one", "content");
      linkSync(at("one"), at("two"));
      expect((await fetchWhole(origin, "two")).toString()).toBe("content");
    });

    if (sees.directories)
      it("takes nothing for gone while its own directory is not there", async () => {
        rmSync(at(""), { recursive: true });
        await expectCode("origin-unreachable", () => origin.look(rel("a")));
        await expectCode("origin-unreachable", () => origin.open(rel("a"), whole, never));
      });
  });
}

export async function fetchWhole(origin: Origin, path: string): Promise<Buffer> {
  await using file = await origin.open(rel(path), whole, never);
  return await bytesOf(file);
}

export async function bytesOf(file: OriginFile): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of file.chunks) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export async function expectCode(code: ErrorCode, work: () => Promise<unknown>): Promise<HotdirError> {
  const error = await work().then(
    () => new Error("it succeeded"),
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(HotdirError);
  expect((error as HotdirError).code, (error as HotdirError).message).toBe(code);
  return error as HotdirError;
}

function overwrite(path: string, letter: string): void {
  const fd = openSync(path, "r+");
  writeSync(fd, Buffer.alloc(12_000_000, letter), 0, 12_000_000, 0);
  closeSync(fd);
}

function append(path: string): void {
  writeFileSync(path, "more", { flag: "a" });
}
