import { closeSync } from "node:fs";
import koffi from "koffi";

/** koffi: Node has no datagram sockets of the UNIX family, which is what systemd listens on. */
const libc = koffi.load(null);
const libcSocket: (domain: number, type: number, protocol: number) => number = libc.func("int socket(int, int, int)");
const libcSendto: (fd: number, from: Uint8Array, sizeBytes: number, flags: number, address: Uint8Array, addressBytes: number) => number =
  libc.func("long sendto(int, const uint8_t *, size_t, int, const uint8_t *, unsigned int)");

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
/** `sun_path` holds 108 bytes, the NUL at the end included. */
const PATH_BYTES_MAX = 107;

export interface Datagrams extends Disposable {
  /** Never waits. `false`: it could not be delivered. */
  send(text: string): boolean;
}

/** To a UNIX socket: an absolute path, or `@name` in the abstract namespace. null: this is no such address, or there is no socket to be had. */
export function datagramsTo(address: string): Datagrams | null {
  const encoded = encodeAddress(address);
  const fd = encoded === null ? -1 : libcSocket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (encoded === null || fd < 0) return null;
  return {
    send(text) {
      const bytes = Buffer.from(text, "utf8");
      return libcSendto(fd, bytes, bytes.length, MSG_DONTWAIT_NOSIGNAL, encoded, encoded.length) === bytes.length;
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}

function encodeAddress(address: string): Buffer | null {
  const path = Buffer.from(address, "utf8");
  if (!/^[/@]./.test(address) || path.length > PATH_BYTES_MAX) return null;
  const family = Buffer.alloc(2);
  new Uint16Array(family.buffer, family.byteOffset, 1)[0] = AF_UNIX;
  // An abstract name begins with NUL and ends with the address's length; a path ends with NUL.
  if (address.startsWith("@")) path[0] = 0;
  return Buffer.concat(address.startsWith("@") ? [family, path] : [family, path, Buffer.alloc(1)]);
}
