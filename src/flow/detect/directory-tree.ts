import { type Bytes, join, type RelPath } from "../../kernel/path.ts";

/** A directory of the source. Its path is the way up to the root, so that a rename of a tree is one step. */
export type Directory = {
  name: Bytes;
  parent: Directory | null;
  /** `device:inode`: what is opened under its path must be this. */
  readonly identity: string;
  /** The inotify watch; -1: none. Only watched directories stand in their parent's `children`. */
  wd: number;
  children: Map<Bytes, Directory> | null;
  /** The number of the scan that saw it last. */
  scan: number;
  /** Of a stray: the path that it had when it was lost; null where it left the source. */
  lostFrom: RelPath | null;
};

/** `fresh`: was not known to be here, so what is in it must be looked at. `displaced`: another one was. */
export type Placing = { directory: Directory; fresh: boolean; displaced: boolean };

/**
 * Which watch stands for which path. Events are applied in their order, but looks see the present,
 * which may be ahead of the events: a look that finds a directory elsewhere than expected wins, and
 * the one that it displaces becomes a *stray* until an event or a scan finds it again.
 */
export class DirectoryTree {
  readonly root: Directory;
  readonly #byWatch = new Map<number, Directory>();
  readonly #strays = new Set<Directory>();

  constructor(rootIdentity: string, rootWatch: number) {
    this.root = newDirectory(null, "" as Bytes, rootIdentity, rootWatch);
    if (rootWatch >= 0) this.#byWatch.set(rootWatch, this.root);
  }

  /** Watched directories, the root with them. */
  get watched(): number {
    return this.#byWatch.size;
  }

  get strays(): number {
    return this.#strays.size;
  }

  byWatch(wd: number): Directory | undefined {
    return this.#byWatch.get(wd);
  }

  /** null: a stray, or below one, or forgotten. */
  pathOf(directory: Directory): RelPath | "" | null {
    const names: Bytes[] = [];
    let at = directory;
    for (; at.parent !== null; at = at.parent) names.push(at.name);
    return at === this.root ? (names.toReversed().join("/") as RelPath | "") : null;
  }

  /** Of a stray, or a directory below one: the path under which the receiver knows it still. */
  formerPathIn(directory: Directory, name: Bytes): RelPath | null {
    const names: Bytes[] = [name];
    let at = directory;
    for (; at.parent !== null; at = at.parent) names.push(at.name);
    return at.lostFrom === null ? null : (`${at.lostFrom}/${names.toReversed().join("/")}` as RelPath);
  }

  pathIn(directory: Directory, name: Bytes): RelPath | null {
    const path = this.pathOf(directory);
    return path === null ? null : (join(path as Bytes, name) as RelPath);
  }

  /**
   * A look found the directory `identity`, with watch `wd`, at `name` in `parent`. null: that
   * contradicts what is known (it is above `parent`), and only a scan can tell.
   */
  place(found: { parent: Directory; name: Bytes; identity: string; wd: number; scan: number }): Placing | null {
    const { parent, name, identity, wd, scan } = found;
    if (wd < 0) return { directory: { ...newDirectory(parent, name, identity, -1), scan }, fresh: true, displaced: false };
    const known = this.#byWatch.get(wd);
    const occupant = parent.children?.get(name);
    const displaced = occupant !== undefined && occupant !== known;
    if (known !== undefined && known.identity === identity) {
      known.scan = scan;
      if (known.parent === parent && known.name === name && parent.children?.get(name) === known)
        return { directory: known, fresh: false, displaced: false };
      if (!this.#link(known, parent, name)) return null;
      return { directory: known, fresh: true, displaced };
    }
    const directory = newDirectory(parent, name, identity, wd);
    directory.scan = scan;
    this.#byWatch.set(wd, directory);
    this.#link(directory, parent, name);
    return { directory, fresh: true, displaced };
  }

  /** The watched directory at a place, as far as known. */
  at(parent: Directory, name: Bytes): Directory | undefined {
    return parent.children?.get(name);
  }

  /** The root could be watched only now. */
  watchRoot(wd: number): void {
    this.root.wd = wd;
    if (wd >= 0) this.#byWatch.set(wd, this.root);
  }

  /** An event says that it moved there. */
  move(directory: Directory, parent: Directory, name: Bytes): void {
    if (!this.#link(directory, parent, name)) this.#makeStray(directory);
  }

  /** It is not where it was, and where it is now is not known. */
  lose(directory: Directory): void {
    this.#makeStray(directory);
  }

  /** It was told as gone. Should it be in the source all the same, its next event claims it. */
  leave(directory: Directory): void {
    this.#makeStray(directory);
    directory.lostFrom = null;
  }

  /** The kernel has dropped this watch. What was below is found again, or swept. */
  forgetWatch(wd: number): Directory | undefined {
    const directory = this.#byWatch.get(wd);
    if (directory === undefined) return undefined;
    this.#byWatch.delete(wd);
    directory.wd = -1;
    if (directory === this.root) return directory;
    this.#unlink(directory);
    const children = directory.children;
    directory.children = null;
    for (const child of children?.values() ?? []) this.#makeStray(child);
    return directory;
  }

  /** Forgets a tree. Returns its watches, for the caller to remove from the kernel. */
  drop(directory: Directory): number[] {
    this.#unlink(directory);
    const watches: number[] = [];
    const todo = [directory];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (next.wd >= 0 && this.#byWatch.delete(next.wd)) watches.push(next.wd);
      next.wd = -1;
      if (next.children !== null) todo.push(...next.children.values());
      next.children = null;
    }
    return watches;
  }

  /** Strays that no event has claimed once all events are dealt with: they have left the source. */
  dropStrays(): number[] {
    return [...this.#strays].flatMap((stray) => this.drop(stray));
  }

  /** Directories that the scan `scan`, which is over, did not see. */
  dropUnseen(scan: number): number[] {
    const unseen = [...this.#byWatch.values()].filter((directory) => directory !== this.root && directory.scan < scan);
    return unseen.flatMap((directory) => (directory.wd < 0 ? [] : this.drop(directory)));
  }

  #link(directory: Directory, parent: Directory, name: Bytes): boolean {
    if (directory === this.root) return false;
    for (let above: Directory | null = parent; above !== null; above = above.parent) if (above === directory) return false;
    const occupant = parent.children?.get(name);
    if (occupant === directory) return true;
    if (occupant !== undefined) this.#makeStray(occupant);
    this.#unlink(directory);
    directory.parent = parent;
    directory.name = name;
    (parent.children ??= new Map()).set(name, directory);
    return true;
  }

  #makeStray(directory: Directory): void {
    if (directory.parent !== null) {
      const path = this.pathIn(directory.parent, directory.name) ?? this.formerPathIn(directory.parent, directory.name);
      this.#unlink(directory);
      directory.lostFrom = path;
    }
    if (directory.wd >= 0) this.#strays.add(directory);
  }

  #unlink(directory: Directory): void {
    const siblings = directory.parent?.children;
    if (siblings?.get(directory.name) === directory) {
      siblings.delete(directory.name);
      if (siblings.size === 0 && directory.parent !== null) directory.parent.children = null;
    }
    directory.parent = null;
    directory.lostFrom = null;
    this.#strays.delete(directory);
  }
}

function newDirectory(parent: Directory | null, name: Bytes, identity: string, wd: number): Directory {
  return { name, parent, identity, wd, children: null, scan: 0, lostFrom: null };
}
