import { endianness } from "node:os";
import type { Bytes } from "../../kernel/path.ts";

/** Bits of inotify(7). */
export const mask = {
  attrib: 0x4,
  closeWrite: 0x8,
  movedFrom: 0x40,
  movedTo: 0x80,
  create: 0x100,
  delete: 0x200,
  deleteSelf: 0x400,
  moveSelf: 0x800,
  unmount: 0x2000,
  overflow: 0x4000,
  ignored: 0x8000,
  isDirectory: 0x4000_0000,
} as const;

const onlyDirectory = 0x0100_0000;
const exclUnlink = 0x0400_0000;

/** What is asked of every watched directory. Reading and plain closing are left out, so that our own looks make no events. */
export const watchMask =
  mask.attrib |
  mask.closeWrite |
  mask.movedFrom |
  mask.movedTo |
  mask.create |
  mask.delete |
  mask.deleteSelf |
  mask.moveSelf |
  onlyDirectory |
  exclUnlink;

/** `name` is empty for an event of the watched directory itself. */
export type InotifyEvent = { wd: number; mask: number; cookie: number; name: Bytes };

const headerBytes = 16;
const littleEndian = endianness() === "LE";

/** Splits what `read` gave; the kernel gives whole events only. Names are NUL-padded. */
export function parseEvents(buffer: Buffer, lengthBytes: number, each: (event: InotifyEvent) => void): void {
  const view = new DataView(buffer.buffer, buffer.byteOffset, lengthBytes);
  for (let at = 0; at + headerBytes <= lengthBytes;) {
    const nameBytes = view.getUint32(at + 12, littleEndian);
    const start = at + headerBytes;
    const end = nameBytes === 0 ? start : endOfName(buffer, start, start + nameBytes);
    each({
      wd: view.getInt32(at, littleEndian),
      mask: view.getUint32(at + 4, littleEndian),
      cookie: view.getUint32(at + 8, littleEndian),
      name: buffer.toString("latin1", start, end) as Bytes,
    });
    at = start + nameBytes;
  }
}

function endOfName(buffer: Buffer, start: number, limit: number): number {
  const end = buffer.indexOf(0, start);
  return end < 0 || end > limit ? limit : end;
}
