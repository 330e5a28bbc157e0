import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { WritableFile } from "./contract.ts";
import type { Lane } from "./link.ts";
import { OrderedWriter } from "./ordered-writer.ts";

type Pending = { offset: number; length: number; settle: (error?: Error) => void };

/** A file whose writes end when they are told to. */
function slowFile(): { file: WritableFile; pending: Pending[] } {
  const pending: Pending[] = [];
  const write = (bytes: Uint8Array, offset: number): Promise<void> =>
    new Promise((resolve, reject) =>
      pending.push({ offset, length: bytes.length, settle: (error) => (error === undefined ? resolve() : reject(error)) }),
    );
  const nothing = async (): Promise<void> => undefined;
  return { file: { write, setAttributes: nothing, sync: nothing, close: nothing }, pending };
}

function begin(windowBytes: number): { writer: OrderedWriter; pending: Pending[]; upTo: number[]; lane: Lane } {
  const { file, pending } = slowFile();
  const lane = { loadBytes: 0, holds: 0, openedAt: 0, usedAt: 0 } as unknown as Lane;
  const upTo: number[] = [];
  const writer = new OrderedWriter(file, { lane, start: 100, windowBytes, acknowledged: (at) => void upTo.push(at) });
  return { writer, pending, upTo, lane };
}

const never = new AbortController().signal;

test("tells how far it is written without a gap, in whatever order writes end", async () => {
  const { writer, pending, upTo, lane } = begin(1000);
  for (let times = 0; times < 3; times++) await writer.write(Buffer.alloc(10), never);
  expect(pending.map(({ offset }) => offset)).toEqual([100, 110, 120]);
  expect(lane.loadBytes).toBe(30);
  pending[2]!.settle();
  pending[1]!.settle();
  await turn();
  expect(upTo).toEqual([]);
  pending[0]!.settle();
  await writer.settled();
  expect(upTo).toEqual([110, 120, 130]);
  expect(lane.loadBytes).toBe(0);
});

test("whoever brings more than the window takes waits", async () => {
  const { writer, pending } = begin(20);
  await writer.write(Buffer.alloc(10), never);
  let went = false;
  const second = writer.write(Buffer.alloc(10), never).then(() => (went = true));
  await turn();
  expect(went).toBe(false);
  pending[0]!.settle();
  await second;
  expect(went).toBe(true);
});

test("a failure is told to whoever waits, and to whoever comes", async () => {
  const { writer, pending, upTo } = begin(20);
  await writer.write(Buffer.alloc(10), never);
  const second = writer.write(Buffer.alloc(10), never);
  pending[0]!.settle(new Error("no room"));
  pending[1]!.settle();
  await expect(second).rejects.toThrow("no room");
  await expect(writer.settled()).rejects.toThrow("no room");
  expect(upTo).toEqual([]);
});

test("waiting ends when it is told to", async () => {
  const { writer } = begin(10);
  const stop = new AbortController();
  const written = writer.write(Buffer.alloc(10), stop.signal);
  stop.abort(new Error("enough"));
  await expect(written).rejects.toThrow("enough");
});
