import { never } from "../../kernel/errors.ts";
import {
  closeFd,
  dropLease,
  errnoName,
  type NativeStat,
  openAt,
  opening,
  readLinkAt,
  statAt,
  statFd,
  takeReadLease,
  writerByLease,
} from "../../kernel/native.ts";
import { type Bytes, nameOf, parentOf, type RelPath } from "../../kernel/path.ts";
import { keptTime } from "../version.ts";
import type { Sighting, Writer } from "./contract.ts";
import type { Opener } from "./opener.ts";

/**
 * What is at a name now. `directory` is not reported from here: it has to be watched first.
 * `unsure`: the lease was granted, but the file is so young and empty that its maker may not have it open yet.
 */
export type Look = { kind: "nothing" } | { kind: "directory"; mode: number } | { kind: "seen"; sighting: Sighting; unsure: boolean };

export type LookOptions = {
  dirFd: number;
  name: Bytes;
  path: RelPath;
  how: "event" | "scan";
  leases: boolean;
  /** A writer has just closed it: nothing is young about it. */
  closed: boolean;
  /** A symlink to a file is told as that file. */
  follow: boolean;
};

/** Between making a name and opening it for writing the kernel lets us in; it takes microseconds, unless the machine is very busy. */
const youngMs = 1000;

export function lookAt(options: LookOptions): Look {
  const { dirFd, name, path } = options;
  const stat = statAt(dirFd, name);
  if (typeof stat === "number") return failedLook(path, stat);
  switch (stat.type) {
    case "directory":
      return { kind: "directory", mode: stat.mode };
    case "special":
      return seen({ kind: "special", path });
    case "symlink":
      return lookAtLink(options, stat);
    case "file":
      return lookAtFile(options, stat);
    default:
      return never(stat.type);
  }
}

/** A link to a directory stays one: what is below it may be anywhere, and may be the root itself. */
function lookAtLink(options: LookOptions, link: NativeStat): Look {
  const { dirFd, name, path } = options;
  const target = readLinkAt(dirFd, name);
  if (typeof target === "number") return failedLook(path, target);
  const there = options.follow ? statAt(dirFd, name, true) : link;
  if (typeof there === "number") return seen({ kind: "unreadable", path, code: errnoName(there), target });
  switch (there.type) {
    case "special":
      return seen({ kind: "special", path });
    case "directory":
    case "symlink":
      return seen({ kind: "symlink", path, version: versionOfStat(link), target });
    case "file": {
      // What happens to the link tells nothing of the file; on another file system leases may not know who writes.
      const leases = options.leases && there.device === link.device;
      const look = lookAtFile({ ...options, how: "scan", closed: false, leases }, there, opening.target);
      // Its other names are nobody's business here.
      return look.kind === "seen" && look.sighting.kind === "file" ? { ...look, sighting: { ...look.sighting, links: 1 } } : look;
    }
    default:
      return never(there.type);
  }
}

function lookAtFile(options: LookOptions, first: NativeStat, flags: number = opening.file): Look {
  if (!options.leases) return seenFile(options, first, "unknown");
  const fd = openAt(options.dirFd, options.name, flags);
  if (fd < 0) {
    const code = errnoName(fd);
    if (code === "ENOENT") return { kind: "nothing" };
    // Somebody holds a write lease on it (a Samba server does, for its client).
    return seenFile(options, first, code === "EAGAIN" ? "open" : "unknown");
  }
  try {
    const lease = takeReadLease(fd);
    // While the lease is held nobody can have begun to write, so the version is that of a file at rest.
    const stat = statFd(fd);
    if (lease === 0) dropLease(fd);
    if (typeof stat === "number" || stat.type !== "file") return failedLook(options.path, typeof stat === "number" ? stat : -5);
    return seenFile(options, stat, writerByLease(lease));
  } finally {
    closeFd(fd);
  }
}

function seenFile(options: LookOptions, stat: NativeStat, writer: Writer): Look {
  const young = !options.closed && stat.sizeBytes === 0 && stat.links === 1 && Math.abs(Date.now() - stat.ctimeMs) < youngMs;
  const unsure = writer === "none" && young;
  const { path, how } = options;
  const version = versionOfStat(stat);
  return {
    kind: "seen",
    unsure,
    sighting: {
      kind: "file",
      path,
      version,
      mode: stat.mode,
      links: stat.links,
      writer: unsure ? "unknown" : writer,
      how,
      ...(options.closed ? { closed: true } : {}),
    },
  };
}

/** Looks at a path of which nothing is known, from the root down. Only what is certainly not there is `gone`. */
export function lookFromTop(opener: Opener, path: RelPath, as: Pick<LookOptions, "leases" | "follow">): Sighting {
  const dirFd = opener.walk(parentOf(path));
  const look = dirFd < 0 ? failedLook(path, dirFd) : lookAt({ ...as, dirFd, name: nameOf(path), path, how: "scan", closed: false });
  if (dirFd >= 0) closeFd(dirFd);
  if (look.kind === "seen") return look.sighting;
  return look.kind === "directory" ? { kind: "directory", path, mode: look.mode } : { kind: "gone", path, directory: false };
}

function seen(sighting: Sighting): Look {
  return { kind: "seen", sighting, unsure: false };
}

/** Not a permission, not an I/O error: there is no such name, or something that is no directory is on the way. */
export function saysNothingThere(code: string): boolean {
  return code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP";
}

function failedLook(path: RelPath, result: number): Look {
  const code = errnoName(result);
  if (saysNothingThere(code)) return { kind: "nothing" };
  return seen({ kind: "unreadable", path, code });
}

export function versionOfStat(stat: NativeStat): { inode: string; sizeBytes: number; mtimeNs: bigint } {
  return { inode: stat.identity, sizeBytes: stat.sizeBytes, mtimeNs: keptTime(stat.mtimeNs) };
}
