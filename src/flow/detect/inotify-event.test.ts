import { expect, test } from "vitest";
import { type InotifyEvent, mask, parseEvents } from "./inotify-event.ts";

/** As the kernel lays it out: four words, then the name padded with NUL to a multiple of 16. */
function record(event: { wd: number; mask: number; cookie: number; name: Buffer }): Buffer {
  const room = event.name.length === 0 ? 0 : Math.ceil((event.name.length + 1) / 16) * 16;
  const bytes = Buffer.alloc(16 + room);
  new Int32Array(bytes.buffer, bytes.byteOffset, 1)[0] = event.wd;
  new Uint32Array(bytes.buffer, bytes.byteOffset, 4).set([event.mask, event.cookie, room], 1);
  event.name.copy(bytes, 16);
  return bytes;
}

function parse(...records: Buffer[]): InotifyEvent[] {
  const bytes = Buffer.concat(records);
  const found: InotifyEvent[] = [];
  parseEvents(bytes, bytes.length, (event) => found.push(event));
  return found;
}

test("events are split in order, with names as bytes and without padding", () => {
  const name = Buffer.from([0xff, 0x0a, 0x80, 0x41]);
  const events = parse(
    record({ wd: 1, mask: mask.create, cookie: 0, name }),
    record({ wd: -1, mask: mask.overflow, cookie: 0, name: Buffer.alloc(0) }),
    record({ wd: 7, mask: mask.movedTo | mask.isDirectory, cookie: 99, name: Buffer.from("d") }),
  );
  expect(events).toEqual([
    { wd: 1, mask: mask.create, cookie: 0, name: "\xff\n\x80A" },
    { wd: -1, mask: mask.overflow, cookie: 0, name: "" },
    { wd: 7, mask: mask.movedTo | mask.isDirectory, cookie: 99, name: "d" },
  ]);
});

test("a name of 255 bytes fills its room to the last NUL", () => {
  const [event] = parse(record({ wd: 1, mask: mask.create, cookie: 0, name: Buffer.alloc(255, 0xe9) }));
  expect(event?.name).toBe("\xe9".repeat(255));
});

test("only what was read is parsed, not what the buffer holds from before", () => {
  const bytes = Buffer.concat([1, 2].map((wd) => record({ wd, mask: mask.create, cookie: 0, name: Buffer.from("a") })));
  const found: number[] = [];
  parseEvents(bytes, bytes.length / 2, ({ wd }) => found.push(wd));
  expect(found).toEqual([1]);
});
