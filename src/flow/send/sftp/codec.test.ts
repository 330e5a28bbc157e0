import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasCode } from "../../../kernel/errors.ts";
import type { Bytes } from "../../../kernel/path.ts";
import { fsetstatRequest, lstatRequest, readAttributes, setstatRequest, statRequest, writeAttributes } from "./attributes.ts";
import { readRequest, writeRequest } from "./data.ts";
import { mkdirRequest, opendirRequest, readdirRequest, rmdirRequest } from "./directory.ts";
import { fsyncRequest } from "./extensions/fsync.ts";
import { hardlinkRequest } from "./extensions/hardlink.ts";
import { limitsRequest } from "./extensions/limits.ts";
import { lsetstatRequest } from "./extensions/lsetstat.ts";
import { posixRenameRequest } from "./extensions/posix-rename.ts";
import { statvfsRequest } from "./extensions/statvfs.ts";
import { Fields } from "./fields.ts";
import { readlinkRequest, realpathRequest, removeRequest, renameRequest, symlinkRequest } from "./names.ts";
import { closeRequest, openRequest } from "./open.ts";
import { PacketWriter } from "./packet-writer.ts";
import type { Request } from "./request.ts";
import { encodeInit, readVersion } from "./version.ts";

const path = "a\xff/b" as Bytes;
const other = "c" as Bytes;
const handle = "\0\0\0\x01" as Bytes;

function encode(request: Request<unknown>, id = 7): Buffer {
  const writer = new PacketWriter();
  request.encode(writer, id);
  return Buffer.concat(writer.take().chunks);
}

function hex(...parts: Array<string | number>): string {
  return parts
    .map((part) => (typeof part === "number" ? part.toString(16).padStart(8, "0") : part.startsWith("x") ? part.slice(1) : text(part)))
    .join("");
}

function text(value: string): string {
  return value.length.toString(16).padStart(8, "0") + Buffer.from(value, "latin1").toString("hex");
}

/** Type, then id 7, then the body; written out from the tables of the draft. */
const packets: Array<[string, Request<unknown>, string]> = [
  ["OPEN", openRequest(path, 0x1a, { mode: 0o640 }), hex("x03", 7, path, 0x1a, 4, 0o640)],
  ["CLOSE", closeRequest(handle, path), hex("x04", 7, handle)],
  ["READ", readRequest(handle, path, 2 ** 40 + 5, 32768), hex("x05", 7, handle, 0x100, 5, 32768)],
  ["WRITE", writeRequest(handle, path, 2 ** 32 * 3 + 2, Buffer.from("abc")), hex("x06", 7, handle, 3, 2, "abc")],
  ["LSTAT", lstatRequest(path), hex("x07", 7, path)],
  ["SETSTAT", setstatRequest(path, { mtimeS: 9 }), hex("x09", 7, path, 8, 9, 9)],
  [
    "FSETSTAT",
    fsetstatRequest(handle, path, { mode: 0o4755, mtimeS: 0xfedcba98 }),
    hex("x0a", 7, handle, 12, 0o4755, 0xfedcba98, 0xfedcba98),
  ],
  ["OPENDIR", opendirRequest("" as Bytes), hex("x0b", 7, ".")],
  ["READDIR", readdirRequest(handle, path), hex("x0c", 7, handle)],
  ["REMOVE", removeRequest(path), hex("x0d", 7, path)],
  ["MKDIR", mkdirRequest(path, 0o755), hex("x0e", 7, path, 4, 0o755)],
  ["RMDIR", rmdirRequest(path), hex("x0f", 7, path)],
  ["REALPATH", realpathRequest("" as Bytes), hex("x10", 7, ".")],
  ["STAT", statRequest(path), hex("x11", 7, path)],
  ["RENAME", renameRequest(path, other), hex("x12", 7, path, other)],
  ["READLINK", readlinkRequest(path), hex("x13", 7, path)],
  ["SYMLINK, target first", symlinkRequest(other, path), hex("x14", 7, other, path)],
  ["posix-rename", posixRenameRequest(path, other), hex("xc8", 7, "posix-rename@openssh.com", path, other)],
  ["fsync", fsyncRequest(handle, path), hex("xc8", 7, "fsync@openssh.com", handle)],
  ["hardlink", hardlinkRequest(path, other), hex("xc8", 7, "hardlink@openssh.com", path, other)],
  ["statvfs", statvfsRequest(path), hex("xc8", 7, "statvfs@openssh.com", path)],
  ["limits", limitsRequest(), hex("xc8", 7, "limits@openssh.com")],
  ["lsetstat", lsetstatRequest(path, { mtimeS: 1 }), hex("xc8", 7, "lsetstat@openssh.com", path, 8, 1, 1)],
];

function outcomeOf(decode: () => unknown): unknown {
  try {
    decode();
    return "a value";
  } catch (error) {
    return hasCode(error, "protocol-violation") ? error.code : error;
  }
}

describe("requests, byte for byte", () => {
  it.each(packets)("%s", (_name, request, body) => {
    const bytes = encode(request);
    expect(bytes.subarray(4).toString("hex")).toBe(body);
    expect(bytes.readUInt32BE(0)).toBe(bytes.length - 4);
  });

  it("INIT", () => {
    expect(encodeInit().toString("hex")).toBe("000000050100000003");
  });
});

describe("answers", () => {
  it("VERSION names the extensions", () => {
    const fields = new Fields(Buffer.from(hex(3, "posix-rename@openssh.com", "1", "limits@openssh.com", "1"), "hex"));
    expect([...readVersion(fields)]).toEqual([
      ["posix-rename@openssh.com", "1"],
      ["limits@openssh.com", "1"],
    ]);
    expect(() => readVersion(new Fields(Buffer.from(hex(2), "hex")))).toThrow("version 2");
  });

  it("ATTRS with every field, and with none", () => {
    const full = hex(0x8000000f, 1, 2, 1000, 1000, 0o100644, 5, 6, 1, "a@b", "z");
    expect(readAttributes(new Fields(Buffer.from(full, "hex")))).toEqual({ kind: "file", sizeBytes: 2 ** 32 + 2, mtimeS: 6, mode: 0o644 });
    expect(readAttributes(new Fields(Buffer.from(hex(0), "hex")))).toEqual({ kind: "other", sizeBytes: 0, mtimeS: 0, mode: 0 });
  });

  it("statvfs: what ordinary users may take", () => {
    const reply = [4096, 1024, 1000, 500, 400, 99, 98, 97, 0, 0, 255].map((value) => hex(0, value)).join("");
    expect(statvfsRequest(path).decode(new Fields(Buffer.from(reply, "hex")))).toEqual({
      totalBytes: 1024_000,
      freeBytes: 409_600,
      totalFiles: 99,
      freeFiles: 97,
    });
  });

  it("limits, and what stands for unknown ones", () => {
    const limits = (...values: number[]) =>
      limitsRequest().decode(new Fields(Buffer.from(values.map((value) => hex(0, value)).join(""), "hex")));
    expect(limits(262144, 261120, 261120, 1019)).toEqual({ readBytesMax: 261120, writeBytesMax: 261120, handlesMax: 1019 });
    expect(limits(0, 0, 0, 0)).toEqual({ readBytesMax: 32768, writeBytesMax: 32768, handlesMax: 64 });
    expect(limits(1, 0xffffffff, 0xffffffff, 0xffffffff).writeBytesMax).toBeLessThan(256 * 1024);
  });

  it("attributes come back as they were sent", () => {
    fc.assert(
      fc.property(fc.nat(0o7777), fc.integer({ min: 0, max: 0xffffffff }), (mode, mtimeS) => {
        const writer = new PacketWriter();
        writer.begin(105, 1, 16);
        writeAttributes(writer, { mode, mtimeS });
        const bytes = Buffer.concat(writer.take().chunks);
        expect(readAttributes(new Fields(bytes, 9))).toEqual({ kind: "other", sizeBytes: 0, mtimeS, mode });
      }),
    );
  });

  it("any bytes give a value or a protocol violation, from every decoder", () => {
    const requests = packets.map(([, request]) => request);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(requests.length - 1), (bytes, which) => {
        expect(["a value", "protocol-violation"]).toContain(outcomeOf(() => requests[which]!.decode(new Fields(Buffer.from(bytes)))));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the packet writer", () => {
  it("keeps packets whole and in order over many slabs, small and large, and when slabs are used again", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 80_000 }), fc.boolean()), { maxLength: 40 }), (writes) => {
        const writer = new PacketWriter();
        const sent: Buffer[] = [];
        const expected: Buffer[] = [];
        for (const [index, [length, flush]] of writes.entries()) {
          const bytes = Buffer.alloc(length, index + 1);
          writeRequest(handle, path, index, bytes).encode(writer, index);
          expected.push(Buffer.from(`${hex(25 + length)}06${hex(index, handle, 0, index, length)}`, "hex"), bytes);
          if (!flush) continue;
          const batch = writer.take();
          sent.push(...batch.chunks.map((chunk) => Buffer.from(chunk)));
          writer.release(batch.spent);
        }
        sent.push(...writer.take().chunks.map((chunk) => Buffer.from(chunk)));
        expect(Buffer.concat(sent).equals(Buffer.concat(expected))).toBe(true);
      }),
    );
  });

  it("takes names longer than a slab", () => {
    const long = "n".repeat(100_000) as Bytes;
    expect(encode(lstatRequest(long)).length).toBe(100_013);
  });

  it("does not copy a large payload", () => {
    const writer = new PacketWriter();
    const payload = Buffer.alloc(100_000);
    writeRequest(handle, path, 0, payload).encode(writer, 1);
    expect(writer.take().chunks.at(-1)).toBe(payload);
  });
});
