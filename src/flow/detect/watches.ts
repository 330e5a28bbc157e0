import { never } from "../../kernel/errors.ts";
import { addWatch, closeFd, errnoName, fsTypeOf, openInotify, readFd, removeWatch } from "../../kernel/native.ts";
import { type AbsPath, type Bytes, show } from "../../kernel/path.ts";
import { type InotifyEvent, parseEvents, watchMask } from "./inotify-event.ts";

const readBytes = 256 * 1024;

/**
 * The inotify descriptor of one root, and why it does not tell everything, if so. Where it does
 * not, the scan takes over; watches that there are stay.
 */
export class Watches {
  readonly #limit: number;
  readonly #buffer = Buffer.alloc(readBytes);
  readonly #devices = new Map<string, string | null>();
  #fd = -1;
  #count = 0;
  /** A reason that stays while the root is the same one (a file system without events, the user's wish). */
  readonly #fixedReason: string | null;
  readonly #local: boolean;
  /** Part of the tree is on a file system without events. */
  #nestedReason: string | null = null;
  /** The limit was met since the last scan began. */
  #full: "watches" | "instances" | null = null;

  constructor(options: { root: AbsPath; limit: number; forceScanOnly: string | null }) {
    this.#limit = options.limit;
    const silent = withoutEvents(options.root, options.root);
    this.#local = silent === null;
    this.#fixedReason = options.forceScanOnly ?? silent;
    this.beginScan();
  }

  get fd(): number {
    return this.#fd;
  }

  /** null: events tell everything. `directories`: how many there are, once a scan has counted them. */
  reason(directories: number | null): string | null {
    if (this.#fixedReason !== null) return this.#fixedReason;
    switch (this.#full) {
      case null:
        return this.#nestedReason;
      case "instances":
        return "the user's inotify instances are used up: raise the limit (sysctl fs.inotify.max_user_instances=1024) or stop other watchers";
      case "watches": {
        const needed = Math.max(directories ?? 0, this.#count + 1);
        const wanted = Math.ceil((needed * 1.5 + 1) / 8192) * 8192;
        return `${directories === null ? `more than ${this.#count}` : directories} directories, and watches for only ${this.#count}: raise the limit (sysctl fs.inotify.max_user_watches=${wanted})`;
      }
      default:
        return never(this.#full);
    }
  }

  /** A limit may have been raised since the last time. */
  beginScan(): void {
    if (this.#fixedReason !== null) return;
    this.#full = null;
    this.#nestedReason = null;
    if (this.#fd >= 0) return;
    this.#fd = openInotify();
    if (this.#fd < 0) this.#full = "instances";
  }

  /** The watch of an open directory; -1 where there is none. One that is watched already keeps its watch, also at the limit. */
  add(dirFd: number, device: string, path: Bytes, isKnown: (wd: number) => boolean): number {
    if (this.#fixedReason !== null || this.#fd < 0) return -1;
    const silent = this.#silence(dirFd, device, path);
    if (silent !== null) {
      this.#nestedReason = silent;
      return -1;
    }
    const wd = addWatch(this.#fd, dirFd, watchMask);
    if (wd >= 0 && (this.#count < this.#limit || isKnown(wd))) return wd;
    if (wd >= 0) removeWatch(this.#fd, wd);
    if (wd >= 0 || errnoName(wd) === "ENOSPC" || errnoName(wd) === "ENOMEM") this.#full = "watches";
    return -1;
  }

  /** Whether a lease on that device knows of every writer: not where others write from elsewhere. */
  leasesKnowWriters(device: string): boolean {
    return this.#local && (this.#devices.get(device) ?? null) === null;
  }

  /** How many directories are watched now: the tree counts them. */
  counted(directories: number): void {
    this.#count = directories;
  }

  remove(watches: number[]): void {
    for (const wd of watches) removeWatch(this.#fd, wd);
  }

  /** Takes all events that the kernel holds. */
  drain(each: (event: InotifyEvent) => void): void {
    if (this.#fd < 0) return;
    for (let length = readFd(this.#fd, this.#buffer); length > 0; length = readFd(this.#fd, this.#buffer)) {
      parseEvents(this.#buffer, length, each);
      if (length < readBytes / 2) break;
    }
  }

  close(): void {
    if (this.#fd >= 0) closeFd(this.#fd);
    this.#fd = -1;
  }

  /** A network file system may be mounted below the root. */
  #silence(dirFd: number, device: string, path: Bytes): string | null {
    let reason = this.#devices.get(device);
    if (reason === undefined) {
      reason = withoutEvents(`/proc/self/fd/${dirFd}` as AbsPath, path);
      this.#devices.set(device, reason);
    }
    return reason;
  }
}

/** Why a file system has no events of others' changes; null where it has. */
export function withoutEvents(path: AbsPath, shown: Bytes): string | null {
  try {
    const type = fsTypeOf(path);
    if (!type.network) return null;
    return `${show(shown)} is on ${type.name}, which does not tell of changes made elsewhere: it is scanned instead`;
  } catch {
    return null;
  }
}
