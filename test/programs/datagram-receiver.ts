import { writeSync } from "node:fs";
import koffi from "koffi";

/**
 * Stands in for systemd: binds a datagram socket of the UNIX family at the address that it is given (a
 * path, or @name), and prints each datagram as a line of JSON. Shares no code with what it listens to.
 */
const libc = koffi.load(null);
const socket: (domain: number, type: number, protocol: number) => number = libc.func("int socket(int, int, int)");
const bind: (fd: number, address: Uint8Array, sizeBytes: number) => number = libc.func("int bind(int, const uint8_t *, unsigned int)");
const recv: (fd: number, into: Uint8Array, sizeBytes: number, flags: number) => number = libc.func(
  "long recv(int, uint8_t *, size_t, int)",
);

const [address = ""] = process.argv.slice(2);
const fd = socket(1, 2, 0);
const name = Buffer.from(address.replace(/^@/, "\0"), "utf8");
const sockaddr = Buffer.concat([Uint8Array.of(1, 0), name, Buffer.alloc(address.startsWith("@") ? 0 : 1)]);
if (bind(fd, sockaddr, sockaddr.length) !== 0) throw new Error(`cannot bind ${address}`);
writeSync(1, `${JSON.stringify({ listening: address })}\n`);

const MSG_DONTWAIT = 0x40;
const room = Buffer.alloc(65_536);
setInterval(() => {
  for (let length = 0; (length = recv(fd, room, room.length, MSG_DONTWAIT)) >= 0;)
    writeSync(1, `${JSON.stringify({ atMs: performance.timeOrigin + performance.now(), text: room.toString("utf8", 0, length) })}\n`);
}, 5);

// Whatever ends the parent closes this.
process.stdin.on("close", () => process.exit()).resume();
