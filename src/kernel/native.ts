/**
 * The system calls that Node does not offer. koffi: calls libc without a compiler on the user's
 * machine; inotify events, read leases and directory-relative opens have no other way in.
 *
 * Descriptors are plain numbers. Functions of the hot path answer as the kernel does: a negative
 * result is minus the errno (`errnoName` names it). Names are byte strings, never decoded.
 */
import { constants, endianness } from "node:os";
import { getSystemErrorName } from "node:util";
import koffi from "koffi";
import { type Bytes, bytesOf } from "./path.ts";

export { fsTypeOf } from "./file-system-type.ts";

const libc = koffi.load(null);
const libcOpenat: (dirFd: number, name: Uint8Array, flags: number) => number = libc.func("int openat(int, const uint8_t *, int)");
const libcStatx: (dirFd: number, name: Uint8Array, flags: number, mask: number, into: Uint8Array) => number = libc.func(
  "int statx(int, const uint8_t *, int, unsigned int, uint8_t *)",
);
const libcGetdents: (fd: number, into: Uint8Array, sizeBytes: number) => number = libc.func("long getdents64(int, uint8_t *, size_t)");
const libcReadlinkat: (dirFd: number, name: Uint8Array, into: Uint8Array, sizeBytes: number) => number = libc.func(
  "long readlinkat(int, const uint8_t *, uint8_t *, size_t)",
);
const libcRead: (fd: number, into: Uint8Array, sizeBytes: number) => number = libc.func("long read(int, uint8_t *, size_t)");
const libcWrite: (fd: number, from: Uint8Array, sizeBytes: number) => number = libc.func("long write(int, const uint8_t *, size_t)");
const libcClose: (fd: number) => number = libc.func("int close(int)");
const libcPoll: (fds: Uint8Array, count: number, timeoutMs: number) => number = libc.func("int poll(uint8_t *, unsigned long, int)");
const libcFcntl: (fd: number, command: number, type: "int", value: number) => number = libc.func("int fcntl(int, int, ...)");
const libcSignal: (signal: number, handler: number) => number | bigint = libc.func("intptr_t signal(int, intptr_t)");
const libcEventfd: (value: number, flags: number) => number = libc.func("int eventfd(unsigned int, int)");
const libcInotifyInit: (flags: number) => number = libc.func("int inotify_init1(int)");
const libcInotifyAdd: (fd: number, path: Uint8Array, mask: number) => number = libc.func(
  "int inotify_add_watch(int, const uint8_t *, uint32_t)",
);
const libcInotifyRemove: (fd: number, wd: number) => number = libc.func("int inotify_rm_watch(int, int)");
const libcFlock: (fd: number, operation: number) => number = libc.func("int flock(int, int)");
const libcSyncfs = libc.func("int syncfs(int)");

const littleEndian = endianness() === "LE";
const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;

/** The working directory, where a directory descriptor is asked for. */
export const AT_CWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;

// O_DIRECTORY, O_NOFOLLOW differ between machines (arm64 swaps them with O_DIRECT and O_LARGEFILE).
const arm = process.arch === "arm64" || process.arch === "arm";
const O_DIRECTORY = arm ? 0o40000 : 0o200000;
const O_NOFOLLOW = arm ? 0o100000 : 0o400000;
const O_PATH = 0o10000000;

/** Ways to open. All close on exec, none waits (a fifo, somebody's lease), none follows a symlink at the end except `root`. */
export const opening = {
  file: O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC,
  /** Whatever the name links to. */
  target: O_NONBLOCK | O_CLOEXEC,
  directory: O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
  /** Only to stand in: needs no right to read. */
  step: O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
  root: O_DIRECTORY | O_CLOEXEC | O_NONBLOCK,
} as const;

/** `ENOENT` for -2. */
export function errnoName(result: number): string {
  return getSystemErrorName(-Math.abs(result));
}

function answered(result: number): number {
  return result < 0 ? -koffi.errno() : result;
}

function thrown(call: string, result: number): Error {
  return Object.assign(new Error(`${call}: ${errnoName(result)}`), { code: errnoName(result) });
}

const nameRoomBytes = 8192;
const nameBuffer = Buffer.alloc(nameRoomBytes);
const noName = Buffer.alloc(1);

/** The name, NUL-terminated; valid until the next call. */
function cString(name: Bytes): Buffer {
  const length = nameBuffer.write(name, 0, nameRoomBytes - 1, "latin1");
  nameBuffer[length] = 0;
  return nameBuffer;
}

/** Opens relative to `dirFd`. At most 4,095 bytes: longer paths are opened piece by piece. */
export function openAt(dirFd: number, name: Bytes, flags: number): number {
  if (name.length >= nameRoomBytes) return -constants.errno.ENAMETOOLONG;
  return answered(libcOpenat(dirFd, cString(name), flags));
}

const F_DUPFD_CLOEXEC = 1030;

/** Another descriptor of the same open file, which a child does not inherit. */
export function duplicateFd(fd: number): number {
  const duplicate = answered(libcFcntl(fd, F_DUPFD_CLOEXEC, "int", 0));
  if (duplicate < 0) throw thrown("fcntl(F_DUPFD_CLOEXEC)", duplicate);
  return duplicate;
}

export function closeFd(fd: number): void {
  libcClose(fd);
}

/** Minus EAGAIN where there is nothing to read now. */
export function readFd(fd: number, into: Uint8Array): number {
  return answered(libcRead(fd, into, into.length));
}

/** What `statx` tells, as far as hotdir asks. `identity` is `device:inode`, as `Version.inode`. */
export type NativeStat = {
  identity: string;
  device: string;
  type: "file" | "directory" | "symlink" | "special";
  mode: number;
  links: number;
  sizeBytes: number;
  mtimeNs: bigint;
  ctimeMs: number;
};

const statBuffer = Buffer.alloc(256);
const statView = new DataView(statBuffer.buffer, statBuffer.byteOffset, statBuffer.length);
const STATX_BASIC_STATS = 0x7ff;

/** Of a symlink at the end itself; `follow`: of what it leads to. */
export function statAt(dirFd: number, name: Bytes, follow = false): NativeStat | number {
  if (name.length >= nameRoomBytes) return -constants.errno.ENAMETOOLONG;
  const result = answered(libcStatx(dirFd, cString(name), follow ? 0 : AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, statBuffer));
  return result < 0 ? result : parseStat();
}

export function statFd(fd: number): NativeStat | number {
  const result = answered(libcStatx(fd, noName, AT_EMPTY_PATH, STATX_BASIC_STATS, statBuffer));
  return result < 0 ? result : parseStat();
}

function parseStat(): NativeStat {
  const view = statView;
  const mode = view.getUint16(28, littleEndian);
  const device = deviceNumber(view.getUint32(136, littleEndian), view.getUint32(140, littleEndian));
  return {
    identity: `${device}:${view.getBigUint64(32, littleEndian)}`,
    device,
    type: typeOfMode(mode),
    mode: mode & 0o7777,
    links: view.getUint32(16, littleEndian),
    sizeBytes: Number(view.getBigUint64(40, littleEndian)),
    mtimeNs: view.getBigInt64(112, littleEndian) * 1_000_000_000n + BigInt(view.getUint32(120, littleEndian)),
    ctimeMs: Number(view.getBigInt64(96, littleEndian)) * 1000 + view.getUint32(104, littleEndian) / 1e6,
  };
}

/** glibc's `makedev`, so that the number is the one that Node's `stat` shows. */
function deviceNumber(major: number, minor: number): string {
  if (major < 0x1000 && minor < 0x100000) return String((minor & 0xff) + (major & 0xfff) * 0x100 + (minor & 0xfff00) * 0x1000);
  const [high, low] = [BigInt(major), BigInt(minor)];
  return String((low & 0xffn) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | ((high & ~0xfffn) << 32n));
}

function typeOfMode(mode: number): NativeStat["type"] {
  switch (mode & 0o170000) {
    case 0o100000:
      return "file";
    case 0o040000:
      return "directory";
    case 0o120000:
      return "symlink";
    default:
      return "special";
  }
}

/** Fills `into` with `linux_dirent64` records; 0 at the end of the directory. */
export function readDirectory(fd: number, into: Uint8Array): number {
  return answered(libcGetdents(fd, into, into.length));
}

/** Calls `each` for every name except `.` and `..`. */
export function parseDirectory(buffer: Buffer, lengthBytes: number, each: (name: Bytes) => void): void {
  for (let at = 0; at < lengthBytes;) {
    const recordBytes = littleEndian ? buffer.readUInt16LE(at + 16) : buffer.readUInt16BE(at + 16);
    const end = buffer.indexOf(0, at + 19);
    const name = buffer.toString("latin1", at + 19, end) as Bytes;
    if (name !== "." && name !== "..") each(name);
    at += recordBytes;
  }
}

const linkBuffer = Buffer.alloc(4096);

export function readLinkAt(dirFd: number, name: Bytes): Bytes | number {
  const result = answered(libcReadlinkat(dirFd, cString(name), linkBuffer, linkBuffer.length));
  return result < 0 ? result : bytesOf(linkBuffer.subarray(0, result));
}

const F_SETLEASE = 1024;
const F_RDLCK = 0;
const F_UNLCK = 2;
const SIGIO = 29;
const SIG_IGN = 1;
let leaseBreaksIgnored = false;

/**
 * A read lease, which the kernel grants only while nobody has the file open for writing. 0, or minus the errno.
 * Whoever opens the file for writing while we hold it makes the kernel send us SIGIO, which kills by
 * default: it is ignored from the first lease on, in the whole process (libuv gives children the default back).
 */
export function takeReadLease(fd: number): number {
  if (!leaseBreaksIgnored) libcSignal(SIGIO, SIG_IGN);
  leaseBreaksIgnored = true;
  return answered(libcFcntl(fd, F_SETLEASE, "int", F_RDLCK));
}

/** At once: whoever wants to write waits for it. */
export function dropLease(fd: number): void {
  libcFcntl(fd, F_SETLEASE, "int", F_UNLCK);
}

/** Whether anybody has a file open for writing now; `unknown` where nobody can tell, or there is no such file. Follows no symlink at the end. */
export function writerOf(path: Bytes, follow = false): "none" | "open" | "unknown" {
  const fd = openAt(AT_CWD, path, follow ? opening.target : opening.file);
  if (fd < 0) return errnoName(fd) === "EAGAIN" ? "open" : "unknown";
  const lease = takeReadLease(fd);
  if (lease === 0) dropLease(fd);
  closeFd(fd);
  return writerByLease(lease);
}

export function writerByLease(lease: number): "none" | "open" | "unknown" {
  if (lease === 0) return "none";
  return errnoName(lease) === "EAGAIN" ? "open" : "unknown";
}

/** A descriptor that one thread writes to wake another that polls it. Throws. */
export function openWakeFd(): number {
  const fd = answered(libcEventfd(0, O_CLOEXEC | O_NONBLOCK));
  if (fd < 0) throw thrown("eventfd", fd);
  return fd;
}

const one = Buffer.from(BigUint64Array.of(1n).buffer);

export function wake(fd: number): void {
  libcWrite(fd, one, 8);
}

const pollBuffer = new ArrayBuffer(16);
const pollInts = new Int32Array(pollBuffer);
const pollShorts = new Int16Array(pollBuffer);
const pollBytes = new Uint8Array(pollBuffer);

/** Waits until one of two descriptors can be read, or the time is over. A negative descriptor is left out. */
export function waitReadable(first: number, second: number, timeoutMs: number): { first: boolean; second: boolean } {
  pollInts[0] = first;
  pollInts[2] = second;
  pollShorts[2] = pollShorts[6] = 1;
  pollShorts[3] = pollShorts[7] = 0;
  const ready = libcPoll(pollBytes, 2, Math.max(0, Math.ceil(timeoutMs)));
  return { first: ready > 0 && pollShorts[3] !== 0, second: ready > 0 && pollShorts[7] !== 0 };
}

/** Minus EMFILE where the user's instances are used up (`fs.inotify.max_user_instances`). */
export function openInotify(): number {
  return answered(libcInotifyInit(O_CLOEXEC | O_NONBLOCK));
}

/** Watches the directory that `dirFd` stands for, whatever its path is by now. The watch, or minus ENOSPC at the limit. */
export function addWatch(inotifyFd: number, dirFd: number, mask: number): number {
  return answered(libcInotifyAdd(inotifyFd, cString(`/proc/self/fd/${dirFd}` as Bytes), mask));
}

export function removeWatch(inotifyFd: number, wd: number): void {
  libcInotifyRemove(inotifyFd, wd);
}

/** An exclusive lock on an open file, held until it is closed. `false`: somebody else has it. Throws on other failures. */
export function tryLock(fd: number): boolean {
  const result = answered(libcFlock(fd, 2 | 4));
  if (result < 0 && errnoName(result) !== "EAGAIN") throw thrown("flock", result);
  return result === 0;
}

/** Makes everything on the file system of `fd` durable, off the main thread. */
export function syncfs(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    libcSyncfs.async(fd, (error: Error | null, result: number) => {
      if (error !== null) reject(error);
      else if (result < 0) reject(new Error(`syncfs of descriptor ${fd} failed`));
      else resolve();
    });
  });
}
