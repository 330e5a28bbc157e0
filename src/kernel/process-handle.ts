import { constants } from "node:os";
import koffi from "koffi";

/** koffi: Node has no pidfd, and only a pidfd makes sure that a signal reaches the process that was looked at. */
const libc = koffi.load(null);
const syscall: (number: number, a: number, b: number, c: number, d: number) => number = libc.func(
  "long syscall(long, long, long, long, long)",
);
/** The same on every architecture, since they are younger than the common table (asm-generic/unistd.h). */
const PIDFD_SEND_SIGNAL = 424;
const PIDFD_OPEN = 434;

/** A descriptor of the process, to be closed. null: there is no such process, or the kernel has no handles. */
export function openProcess(pid: number): number | null {
  const handle = syscall(PIDFD_OPEN, pid, 0, 0, 0);
  return handle < 0 ? null : handle;
}

/** `false`: it is gone, or the signal is not allowed. */
export function sendSignalTo(handle: number, name: NodeJS.Signals): boolean {
  return syscall(PIDFD_SEND_SIGNAL, handle, constants.signals[name], 0, 0) === 0;
}
