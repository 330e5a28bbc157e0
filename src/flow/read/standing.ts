import { constants } from "node:os";
import { AT_CWD, closeFd, errnoName, openAt, opening, statAt } from "../../kernel/native.ts";
import type { AbsPath, Bytes, RelPath } from "../../kernel/path.ts";

/**
 * Stands in directories below a root, so that no path leads out of it: the root is opened as it is
 * written (it may be reached over symlinks, that is its owner's choice), and below it each segment
 * is opened in the one before, and never over a symlink. What is then done goes by the descriptor,
 * which stays the same directory whatever is renamed meanwhile.
 *
 * For one short piece of work: a held descriptor would keep a file system from being unmounted.
 */
export class Standing implements Disposable {
  readonly #root: AbsPath;
  #rootFd = -1;
  /** The directories down to where one stands: neighbours come one after the other, and share most of their way. */
  readonly #way: Array<{ segment: Bytes; fd: number }> = [];
  #here: RelPath | "" | null = null;

  constructor(root: AbsPath) {
    this.#root = root;
  }

  /** A descriptor of the directory, valid until the next call. Minus an errno: ELOOP where a symlink is on the way. */
  stand(directory: RelPath | ""): number {
    if (this.#here === directory) return this.#fd();
    if (this.#rootFd < 0) this.#rootFd = openAt(AT_CWD, this.#root, opening.root);
    if (this.#rootFd < 0) return this.#rootFd;
    this.#here = null;
    const segments = segmentsOf(directory);
    let shared = 0;
    while (shared < this.#way.length && this.#way[shared]!.segment === segments[shared]) shared++;
    this.#backTo(shared);
    for (const segment of segments.slice(shared)) {
      const fd = walk(this.#fd(), segment);
      if (fd < 0) return fd;
      this.#way.push({ segment, fd });
    }
    this.#here = directory;
    return this.#fd();
  }

  #fd(): number {
    return this.#way.at(-1)?.fd ?? this.#rootFd;
  }

  #backTo(depth: number): void {
    for (const { fd } of this.#way.splice(depth)) closeFd(fd);
  }

  [Symbol.dispose](): void {
    this.#here = null;
    this.#backTo(0);
    if (this.#rootFd >= 0) closeFd(this.#rootFd);
    this.#rootFd = -1;
  }
}

/** Descriptors are not without end: what is deeper is one piece. */
const WAY_MAX = 32;

function segmentsOf(directory: RelPath | ""): Bytes[] {
  if (directory === "") return [];
  const segments = directory.split("/") as Bytes[];
  return segments.length <= WAY_MAX ? segments : [...segments.slice(0, WAY_MAX - 1), segments.slice(WAY_MAX - 1).join("/") as Bytes];
}

/** Segment by segment, from a directory that stays open. */
function walk(from: number, piece: Bytes): number {
  let at = from;
  for (const segment of piece.split("/")) {
    const next = step(at, segment as Bytes);
    if (at !== from) closeFd(at);
    if (next < 0) return next;
    at = next;
  }
  return at;
}

/** The kernel says ENOTDIR of a symlink and of a file alike. */
function step(at: number, segment: Bytes): number {
  const next = openAt(at, segment, opening.step);
  if (next >= 0 || errnoName(next) !== "ENOTDIR") return next;
  const found = statAt(at, segment);
  return typeof found !== "number" && found.type === "symlink" ? -constants.errno.ELOOP : next;
}

/** A name in a directory that is stood in, for calls that take only paths. Nothing before the name is a name that somebody can change. */
export function nameIn(fd: number, name: Bytes): AbsPath {
  return `/proc/self/fd/${fd}/${name}` as AbsPath;
}
