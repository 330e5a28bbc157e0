import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasCode } from "../../../kernel/errors.ts";
import { PacketReader } from "./packet-reader.ts";

function packetOf(body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4 + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.set(body, 4);
  return bytes;
}

function readAll(chunks: Buffer[]): Buffer[] {
  const found: Buffer[] = [];
  const reader = new PacketReader((buffer, start, end) => void found.push(Buffer.from(buffer.subarray(start, end))));
  for (const chunk of chunks) reader.push(chunk);
  return found;
}

function outcomeOf(chunks: Uint8Array[]): unknown {
  try {
    return readAll(chunks.map((chunk) => Buffer.from(chunk))).every((packet) => packet.length >= 5) ? "packets" : "a packet without an id";
  } catch (error) {
    return hasCode(error, "protocol-violation") ? error.code : error;
  }
}

describe("the packet reader", () => {
  it("gives the same packets however the stream is cut", () => {
    const bodies = fc.array(fc.uint8Array({ minLength: 5, maxLength: 400 }), { maxLength: 20 });
    fc.assert(
      fc.property(bodies, fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1 }), (packets, cuts) => {
        const stream = Buffer.concat(packets.map(packetOf));
        const chunks: Buffer[] = [];
        for (let at = 0, index = 0; at < stream.length; index++) {
          const length = Math.max(1, cuts[index % cuts.length]!);
          chunks.push(stream.subarray(at, at + length));
          at += length;
        }
        expect(readAll(chunks).map((packet) => packet.toString("hex"))).toEqual(
          packets.map((packet) => Buffer.from(packet).toString("hex")),
        );
      }),
    );
  });

  it("gives packets or a protocol violation for any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 30 }), (chunks) => {
        expect(["packets", "protocol-violation"]).toContain(outcomeOf(chunks));
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses a length above what any server sends before it takes memory for it, and shows what it was", () => {
    expect(() => readAll([Buffer.from("Welcome to the cluster\n")])).toThrow("Welcome to the cluster\\n");
    expect(() => readAll([Buffer.from([0, 4, 4, 1])])).toThrow("packet of 263169 bytes");
    expect(() => readAll([Buffer.from([0, 0, 0, 4, 1, 2, 3, 4])])).toThrow("packet of 4 bytes");
  });

  it("knows whether it stands between two packets", () => {
    const reader = new PacketReader(() => {});
    reader.push(Buffer.from([0, 0]));
    expect(reader.idle).toBe(false);
    reader.push(Buffer.from([0, 5, 1, 2, 3, 4, 5]));
    expect(reader.idle).toBe(true);
  });
});
