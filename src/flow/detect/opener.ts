import { AT_CWD, closeFd, errnoName, openAt, opening, statFd } from "../../kernel/native.ts";
import type { AbsPath, Bytes, RelPath } from "../../kernel/path.ts";
import type { Directory, DirectoryTree } from "./directory-tree.ts";

/** Longest piece of a path that is given to the kernel at once; a path may be longer than PATH_MAX. */
const pieceBytesMax = 3500;

/** Why the root cannot be used, for people; null: it is there and is the one that is expected. */
export function findRoot(root: AbsPath, expected: string | null): { identity: string } | { reason: string } {
  const fd = openAt(AT_CWD, root, opening.root);
  if (fd < 0) return { reason: reasonOf(errnoName(fd)) };
  const stat = statFd(fd);
  closeFd(fd);
  if (typeof stat === "number") return { reason: reasonOf(errnoName(stat)) };
  if (expected !== null && stat.identity !== expected) {
    return {
      reason: `it is another directory now (${stat.identity}, expected ${expected}): replaced, or a file system was mounted or unmounted`,
    };
  }
  return { identity: stat.identity };
}

function reasonOf(code: string): string {
  switch (code) {
    case "ENOENT":
      return "it does not exist";
    case "ENOTDIR":
      return "it is not a directory";
    case "EACCES":
      return "it cannot be read (EACCES)";
    default:
      return `it cannot be opened (${code})`;
  }
}

/**
 * Opens directories below the root for one round of work, so that no path can lead out of it: what
 * is opened must be the very directory that the tree knows, and symlinks on the way are not
 * followed. Holds nothing between rounds: a held descriptor would keep a file system from being
 * unmounted.
 */
export class Opener {
  readonly #root: AbsPath;
  readonly #identity: string;
  #rootFd = -1;
  #last: { directory: Directory; fd: number } | null = null;

  constructor(root: AbsPath, identity: string) {
    this.#root = root;
    this.#identity = identity;
  }

  /** A descriptor to stand in, valid until `end`; null: the directory is not (or no longer) there under this path. */
  stand(tree: DirectoryTree, directory: Directory): number | null {
    if (this.#last?.directory === directory) return this.#last.fd;
    const fd = this.open(tree, directory, opening.step);
    if (fd < 0) return null;
    if (this.#last !== null) closeFd(this.#last.fd);
    this.#last = { directory, fd };
    return fd;
  }

  /** The caller closes it. Minus an errno: ENOENT also where another directory is in its place. */
  open(tree: DirectoryTree, directory: Directory, flags: number): number {
    const path = tree.pathOf(directory);
    const root = this.#standInRoot();
    if (path === null || root < 0) return -2;
    const fd = path === "" ? openAt(root, "." as Bytes, flags) : openPieces(root, path, flags);
    if (fd < 0) return fd;
    const stat = statFd(fd);
    if (typeof stat !== "number" && stat.identity === directory.identity) return fd;
    closeFd(fd);
    return -2;
  }

  /** The directory of a path that nothing is known about. Every segment is checked. The caller closes it; minus an errno. */
  walk(path: RelPath | ""): number {
    const root = this.#standInRoot();
    if (root < 0) return root;
    let at = openAt(root, "." as Bytes, opening.step);
    for (const segment of path === "" ? [] : path.split("/")) {
      if (at < 0) return at;
      const next = openAt(at, segment as Bytes, opening.step);
      closeFd(at);
      at = next;
    }
    return at;
  }

  /** The root itself. The caller closes it; minus an errno. */
  openRoot(flags: number): number {
    const root = this.#standInRoot();
    return root < 0 ? root : openAt(root, "." as Bytes, flags);
  }

  end(): void {
    if (this.#last !== null) closeFd(this.#last.fd);
    if (this.#rootFd >= 0) closeFd(this.#rootFd);
    this.#last = null;
    this.#rootFd = -1;
  }

  #standInRoot(): number {
    if (this.#rootFd >= 0) return this.#rootFd;
    const fd = openAt(AT_CWD, this.#root, opening.root);
    if (fd < 0) return fd;
    const stat = statFd(fd);
    if (typeof stat !== "number" && stat.identity === this.#identity) return (this.#rootFd = fd);
    closeFd(fd);
    return -2;
  }
}

/** Symlinks in the middle would be followed, which the comparison of identities in `open` finds out. */
function openPieces(root: number, path: RelPath, flags: number): number {
  let at = root;
  let rest: string = path;
  for (;;) {
    const last = rest.length <= pieceBytesMax;
    const cut = last ? rest.length : rest.lastIndexOf("/", pieceBytesMax);
    const next = openAt(at, rest.slice(0, cut) as Bytes, last ? flags : opening.step);
    if (at !== root) closeFd(at);
    if (last || next < 0) return next;
    at = next;
    rest = rest.slice(cut + 1);
  }
}
