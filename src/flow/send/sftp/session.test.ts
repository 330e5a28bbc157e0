import { PassThrough } from "node:stream";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { HotdirError } from "../../../kernel/errors.ts";
import type { Bytes } from "../../../kernel/path.ts";
import { lstatRequest } from "./attributes.ts";
import { readRequest, writeRequest } from "./data.ts";
import { openSftpFiles } from "./files.ts";
import { removeRequest } from "./names.ts";
import { PacketReader } from "./packet-reader.ts";
import { SftpSession, type SessionOptions } from "./session.ts";

const path = "p" as Bytes;
type Heard = { type: number; id: number; body: Buffer };

/** A far side that a test plays: it keeps what it hears and answers what it is told to. */
class FarSide {
  readonly heard: Heard[] = [];
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly session: SftpSession;
  #wake = (): void => {};

  constructor(options: Partial<SessionOptions> = {}, greeting: Buffer | null = versionPacket()) {
    const reader = new PacketReader((buffer, start, end) => {
      if (buffer[start] === 1) return void (greeting !== null && this.input.write(greeting));
      this.heard.push({ type: buffer[start]!, id: buffer.readUInt32BE(start + 1), body: Buffer.from(buffer.subarray(start + 5, end)) });
      this.#wake();
    });
    this.output.on("data", (chunk: Buffer) => reader.push(chunk));
    this.session = new SftpSession({ input: this.input, output: this.output, ...options });
  }

  async hears(count: number): Promise<void> {
    while (this.heard.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  status(id: number, code: number): void {
    this.input.write(packetOf(101, id, u32(code), text("said so"), text("")));
  }
}

function packetOf(type: number, id: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from([type]), u32(id), ...parts]);
  return Buffer.concat([u32(body.length), body]);
}

function versionPacket(): Buffer {
  return packetOf(2, 3);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([u32(value.length), Buffer.from(value, "latin1")]);
}

let far: FarSide;
afterEach(() => far.session.end(null));

async function greeted(options: Partial<SessionOptions> = {}): Promise<FarSide> {
  far = new FarSide(options);
  await far.session.greet();
  return far;
}

describe("a session", () => {
  it("matches answers that come in any order", async () => {
    await greeted();
    const reads = Array.from({ length: 300 }, (_, index) => far.session.send(readRequest("h" as Bytes, path, index, 10)));
    await far.hears(300);
    for (const { id, body } of far.heard.toReversed()) far.input.write(packetOf(103, id, text(`at ${body.readUInt32BE(9)}`)));
    expect((await Promise.all(reads)).map(String)).toEqual(reads.map((_, index) => `at ${index}`));
  });

  it("keeps to its limits of requests and bytes, and to the order of the calls", async () => {
    await greeted({ requestsMax: 4, bytesMax: 1000 });
    const done = Promise.all(
      Array.from({ length: 50 }, (_, index) => far.session.send(writeRequest("h" as Bytes, path, index, Buffer.alloc(400)))),
    );
    let most = 0;
    for (let answered = 0; answered < 50; answered++) {
      await far.hears(answered + 1);
      most = Math.max(most, far.heard.length - answered);
      far.status(far.heard[answered]!.id, 0);
    }
    await done;
    expect(most).toBeLessThanOrEqual(2);
    expect(far.heard.map(({ body }) => body.readUInt32BE(9))).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it("sends a request above the limit of bytes alone rather than never", async () => {
    await greeted({ bytesMax: 1000 });
    const first = far.session.send(writeRequest("h" as Bytes, path, 0, Buffer.alloc(5000)));
    await far.hears(1);
    far.status(far.heard[0]!.id, 0);
    await expect(first).resolves.toBeUndefined();
  });

  it("brings the small packets of one turn in one piece", async () => {
    await greeted();
    let chunks = 0;
    far.output.on("data", () => chunks++);
    for (let index = 0; index < 100; index++) far.session.send(lstatRequest(path)).catch(() => {});
    await far.hears(100);
    expect(chunks).toBe(1);
  });

  it.each([
    [2, "not-found"],
    [3, "permission-denied"],
    [4, "refused"],
    [5, "name-refused"],
    [8, "unsupported"],
    [1, "refused"],
    [4711, "refused"],
  ])("tells status %i as %s, of this request alone", async (code, expected) => {
    await greeted();
    const failing = far.session.send(removeRequest(path));
    const succeeding = far.session.send(removeRequest(path));
    await far.hears(2);
    far.status(far.heard[0]!.id, code);
    far.status(far.heard[1]!.id, 0);
    await expect(failing).rejects.toMatchObject({ code: expected, path: "p" });
    await succeeding;
  });

  it.each([
    ["an answer to nothing", () => packetOf(101, 12345, u32(0))],
    ["a length without end", () => Buffer.alloc(100, 0xff)],
    ["an answer of the wrong type", (id: number) => packetOf(104, id, u32(0))],
    ["an answer that is cut short", (id: number) => packetOf(105, id, u32(0xf))],
    ["OK in place of attributes", (id: number) => packetOf(101, id, u32(0))],
  ])("ends with a protocol violation on %s", async (_name, rubbish) => {
    await greeted();
    const outstanding = [far.session.send(lstatRequest(path)), far.session.send(lstatRequest(path))];
    await far.hears(2);
    far.input.write(rubbish(far.heard[0]!.id));
    for (const promise of outstanding) await expect(promise).rejects.toMatchObject({ code: "protocol-violation" });
    expect(await far.session.ended).toMatchObject({ code: "protocol-violation" });
    await expect(far.session.send(lstatRequest(path))).rejects.toMatchObject({ code: "protocol-violation" });
  });

  it("takes a second answer to one request for a violation", async () => {
    await greeted();
    const first = far.session.send(removeRequest(path));
    await far.hears(1);
    far.status(far.heard[0]!.id, 0);
    await first;
    far.status(far.heard[0]!.id, 0);
    expect(await far.session.ended).toMatchObject({ code: "protocol-violation" });
  });

  it("survives any rubbish: every request settles", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 10 }), async (chunks) => {
        await greeted();
        const outstanding = Promise.allSettled([far.session.send(lstatRequest(path)), far.session.send(removeRequest(path))]);
        await far.hears(2);
        for (const chunk of chunks) far.input.write(Buffer.from(chunk));
        far.input.end();
        await outstanding;
        expect(await far.session.ended).toBeInstanceOf(HotdirError);
      }),
      { numRuns: 200 },
    );
  });

  it("ends as stalled when a request is outstanding and no byte moves, and not while nothing is asked", async () => {
    await greeted({ stallMs: 60 });
    const first = far.session.send(removeRequest(path));
    await far.hears(1);
    far.status(far.heard[0]!.id, 0);
    await first;
    await new Promise((resolve) => setTimeout(resolve, 150));
    await expect(far.session.send(removeRequest(path))).rejects.toMatchObject({ code: "connection-stalled" });
    expect(await far.session.ended).toMatchObject({ code: "connection-stalled" });
  });

  it("waits for a greeting until its caller ends it: a login takes as long as it takes", async () => {
    far = new FarSide({ stallMs: 5 }, null);
    const greeting = far.session.greet();
    const tooLate = new Error("too late");
    setTimeout(() => far.session.end(tooLate), 50);
    await expect(greeting).rejects.toBe(tooLate);
  });

  it("rejects everything with the explanation when the stream ends, what waits and what is asked meanwhile too", async () => {
    const explained = new HotdirError("connection-lost", { operation: "send", detail: "ssh said so" });
    const explain = Promise.withResolvers<HotdirError>();
    await greeted({ requestsMax: 1, explainEnd: () => explain.promise });
    const promises = [far.session.send(removeRequest(path)), far.session.send(removeRequest(path))];
    await far.hears(1);
    far.input.end();
    await new Promise((resolve) => far.input.once("close", resolve));
    promises.push(far.session.send(removeRequest(path)));
    explain.resolve(explained);
    expect((await Promise.allSettled(promises)).map((result) => result.status === "rejected" && result.reason === explained)).toEqual([
      true,
      true,
      true,
    ]);
    expect(await far.session.ended).toBe(explained);
  });

  it("refuses a server of another version and one that does not greet first", async () => {
    far = new FarSide({}, packetOf(2, 6));
    await expect(far.session.greet()).rejects.toMatchObject({ code: "protocol-violation" });
    far = new FarSide({}, packetOf(101, 1, u32(0)));
    await expect(far.session.greet()).rejects.toMatchObject({ code: "protocol-violation" });
  });
});

describe("files of a plain server, without any extension", () => {
  it("say so, and replace by removing first", async () => {
    far = new FarSide();
    const files = await openSftpFiles(far.session, async () => {});
    expect(files.features).toEqual({
      atomicReplace: false,
      sync: false,
      hardlink: false,
      space: false,
      writeBytesMax: 32768,
      handlesMax: 64,
    });
    expect(await files.space(path)).toBeNull();
    await expect(files.hardlink(path, path)).rejects.toMatchObject({ code: "unsupported" });
    const replaced = files.replace("from" as Bytes, "to" as Bytes);
    await far.hears(1);
    far.input.write(packetOf(105, far.heard[0]!.id, u32(0)));
    await far.hears(2);
    far.status(far.heard[1]!.id, 2);
    await far.hears(3);
    far.status(far.heard[2]!.id, 0);
    await replaced;
    expect(far.heard.map(({ type }) => type)).toEqual([7, 13, 18]);
  });

  it("refuse a directory entry that would reach outside", async () => {
    far = new FarSide();
    const files = await openSftpFiles(far.session, async () => {});
    const listed = files.list(path);
    await far.hears(1);
    far.input.write(packetOf(102, far.heard[0]!.id, text("h")));
    await far.hears(2);
    far.input.write(packetOf(104, far.heard[1]!.id, u32(1), text("../../etc/passwd"), text(""), u32(0)));
    await expect(listed).rejects.toMatchObject({ code: "protocol-violation" });
  });

  it("ask again for the rest of a short read", async () => {
    far = new FarSide();
    const files = await openSftpFiles(far.session, async () => {});
    const opened = files.read(path);
    await far.hears(1);
    far.input.write(packetOf(102, far.heard[0]!.id, text("h")));
    const read = (await opened).read(0, 10);
    await far.hears(2);
    far.input.write(packetOf(103, far.heard[1]!.id, text("0123")));
    await far.hears(3);
    expect(far.heard[2]!.body.readUInt32BE(9)).toBe(4);
    far.input.write(packetOf(103, far.heard[2]!.id, text("456")));
    await far.hears(4);
    far.status(far.heard[3]!.id, 1);
    expect(String(await read)).toBe("0123456");
  });
});
