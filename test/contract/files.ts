import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createHash, randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bytes, bufferOf, bytesOf } from "../../src/kernel/path.ts";
import type { Files, WritableFile } from "../../src/flow/send/contract.ts";
import { hostileNames } from "../support/names.ts";
import { describeFileNames, expectCode } from "./file-names.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";

export type MadeFiles = AsyncDisposable & { files: Files };

/** What `Files` promises, whoever implements it. `make` opens one on this machine's file system. */
export function describeFiles(implementation: string, make: () => Promise<MadeFiles>): void {
  describe(`files: ${implementation}`, () => {
    let temporary: Temporary;
    let made: MadeFiles;
    let files: Files;
    const at = (path: string): Bytes => `${temporary.path}/${path}` as Bytes;

    beforeEach(async () => {
      temporary = await makeTemporary();
      made = await make();
      files = made.files;
    });
    afterEach(async () => {
      await made[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    });

    it("writes pieces in any order, and what is read back is what was written", async () => {
      const bytes = randomBytes(3_000_001);
      const file = await files.create(at("a"), { mode: 0o600, exclusive: true });
      await Promise.all([
        file.write(bytes.subarray(2_000_000), 2_000_000),
        file.write(bytes.subarray(0, 7), 0),
        file.write(bytes.subarray(7, 2_000_000), 7),
        file.setAttributes({ mode: 0o640, mtimeS: 1_234_567_890 }),
        file.sync(),
        file.close(),
      ]);
      expect(sha256(readFileSync(at("a")))).toBe(sha256(bytes));
      expect(await files.lstat(at("a"))).toEqual({ kind: "file", sizeBytes: bytes.length, mtimeS: 1_234_567_890, mode: 0o640 });
      const back = await files.read(at("a"));
      expect(sha256(await back.read(0, bytes.length + 100))).toBe(sha256(bytes));
      expect((await back.read(2_999_999, 10)).equals(bytes.subarray(2_999_999))).toBe(true);
      expect((await back.read(5_000_000, 10)).length).toBe(0);
      await back.close();
    });

    it("takes an empty file, and offsets above 4 GiB", async () => {
      await close(await files.create(at("empty"), { mode: 0o644, exclusive: true }));
      expect(statSync(at("empty")).size).toBe(0);
      const far = await files.create(at("far"), { mode: 0o644, exclusive: true });
      await far.write(Buffer.from("end"), 5 * 2 ** 30);
      await far.close();
      expect((await files.stat(at("far")))?.sizeBytes).toBe(5 * 2 ** 30 + 3);
      const back = await files.read(at("far"));
      expect((await back.read(5 * 2 ** 30, 10)).toString()).toBe("end");
      await back.close();
    });

    it("does the calls on one file in the order in which they were made", async () => {
      const file = await files.create(at("ordered"), { mode: 0o644, exclusive: true });
      const writes = Array.from({ length: 200 }, (_, index) => file.write(Buffer.alloc(1000, index), 0));
      await Promise.all([...writes, file.close()]);
      expect(readFileSync(at("ordered")).equals(Buffer.alloc(1000, 199))).toBe(true);
    });

    it("truncates when it creates, and not when it reopens", async () => {
      writeFileSync(at("a"), "0123456789");
      const again = await files.reopen(at("a"));
      await again.write(Buffer.from("ab"), 4);
      await again.close();
      expect(readFileSync(at("a"), "utf8")).toBe("0123ab6789");
      const anew = await files.create(at("a"), { mode: 0o644, exclusive: false });
      await anew.write(Buffer.from("x"), 0);
      await anew.close();
      expect(readFileSync(at("a"), "utf8")).toBe("x");
      await expectCode(files.reopen(at("none")), "not-found");
      await expectCode(files.read(at("none")), "not-found");
    });

    it("creates exclusively or says that something is there", async () => {
      writeFileSync(at("a"), "mine");
      symlinkSync("nowhere", at("dangling"));
      await expectCode(files.create(at("a"), { mode: 0o644, exclusive: true }), "exists");
      await expectCode(files.create(at("dangling"), { mode: 0o644, exclusive: true }), "exists");
      expect(readFileSync(at("a"), "utf8")).toBe("mine");
      mkdirSync(at("directory"));
      await expectCode(files.create(at("directory"), { mode: 0o644, exclusive: false }), "wrong-type");
      await expectCode(files.create(at("none/a"), { mode: 0o644, exclusive: true }), "not-found");
    });

    it("takes every name that Linux takes", async () => {
      const names = hostileNames.map((nameFor, index) => nameFor(`t${index}`) as Bytes);
      mkdirSync(at("d"));
      mkdirSync(at("e"));
      await Promise.all(
        names.map(async (name) => {
          const file = await files.create(at(`d/${name}`), { mode: 0o644, exclusive: true });
          await Promise.all([file.write(bufferOf(name), 0), file.close()]);
          await files.replace(at(`d/${name}`), at(`e/${name}`));
        }),
      );
      const found = readdirSync(at("e"), { encoding: "buffer" }).map((name) => bytesOf(name));
      expect(found.toSorted()).toEqual(names.toSorted());
      expect((await files.list(at("e"))).map((entry) => entry.name).toSorted()).toEqual(names.toSorted());
      for (const name of names) expect(readFileSync(bufferOf(at(`e/${name}`))).equals(bufferOf(name)), name).toBe(true);
      expect(await Promise.all(names.map((name) => files.remove(at(`e/${name}`))))).toEqual(names.map(() => true));
    });

    it("refuses names that Linux does not take", async () => {
      await expectCode(files.create(at("n".repeat(256)), { mode: 0o644, exclusive: true }), "name-refused");
      await expectCode(files.mkdir(at("n".repeat(256)), 0o755), "name-refused");
      await expectCode(files.create(at("nul\0name"), { mode: 0o644, exclusive: true }), "name-refused");
      expect(await files.lstat(at("still-alive"))).toBeNull();
    });

    it("takes paths of nearly 4 KiB", async () => {
      let directory = temporary.path as Bytes;
      while (directory.length < 3800) {
        directory = `${directory}/${"d".repeat(150)}` as Bytes;
        await files.mkdir(directory, 0o755);
      }
      await close(await files.create(`${directory}/file` as Bytes, { mode: 0o644, exclusive: true }));
      expect((await files.lstat(`${directory}/file` as Bytes))?.kind).toBe("file");
    });

    it("keeps hundreds of files apart that are written at once, and leaks no handle", async () => {
      mkdirSync(at("d"));
      const send = async (index: number): Promise<void> => {
        const bytes = Buffer.alloc(5000 + index, index);
        const file = await files.create(at(`d/${index}.tmp`), { mode: 0o644, exclusive: true });
        await Promise.all([file.write(bytes, 0), file.setAttributes({ mtimeS: 1_000_000_000 + index }), file.close()]);
        await files.replace(at(`d/${index}.tmp`), at(`d/${index}`));
      };
      // More files than any limit of open handles, sixty at a time.
      for (let from = 0; from < 3000; from += 60) await Promise.all(Array.from({ length: 60 }, (_, index) => send(from + index)));
      const wrong: number[] = [];
      for (let index = 0; index < 3000; index++) {
        if (!readFileSync(at(`d/${index}`)).equals(Buffer.alloc(5000 + index, index))) wrong.push(index);
      }
      expect(wrong).toEqual([]);
      expect(statSync(at("d/2999")).mtimeMs).toBe(1_000_002_999_000);
    });

    it("fails one call without harm to others that are under way", async () => {
      writeFileSync(at("a"), "a");
      const results = await Promise.allSettled(
        Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? files.stat(at("a")) : files.read(at("none")))),
      );
      expect(results.filter((result) => result.status === "fulfilled").length).toBe(50);
    });

    describeFileNames(() => ({ files, directory: temporary.path }));
  });
}

async function close(file: WritableFile): Promise<void> {
  await file.close();
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
