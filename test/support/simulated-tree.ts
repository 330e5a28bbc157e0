import type { Sighting } from "../../src/flow/detect/contract.ts";
import type { Version } from "../../src/flow/version.ts";
import { type RelPath } from "../../src/kernel/path.ts";
import { rel } from "./ledger.ts";

export type SimulatedNode =
  | { kind: "file"; version: Version }
  | { kind: "directory" }
  | { kind: "symlink"; target: string; version: Version };

export function parentPath(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

/** A directory tree in memory with the rules of rename(2), rmdir(2) and unlink(2), as far as hotdir meets them. */
export class SimulatedTree {
  readonly nodes = new Map<string, SimulatedNode>();

  below(directory: string): string[] {
    return [...this.nodes.keys()].filter((path) => path.startsWith(`${directory}/`)).sort();
  }

  isDirectory(path: string): boolean {
    return path === "" || this.nodes.get(path)?.kind === "directory";
  }

  /** `false` where something that is no directory is on the way. */
  makeParents(path: string): boolean {
    const parent = parentPath(path);
    if (this.isDirectory(parent)) return true;
    if (this.nodes.has(parent) || !this.makeParents(parent)) return false;
    this.nodes.set(parent, { kind: "directory" });
    return true;
  }

  /** As rename(2): `false` is any refusal. */
  rename(from: string, to: string): boolean {
    const moving = this.nodes.get(from);
    const there = this.nodes.get(to);
    if (moving === undefined || from === to || to.startsWith(`${from}/`) || !this.isDirectory(parentPath(to))) return false;
    if (there !== undefined && (moving.kind === "directory") !== (there.kind === "directory")) return false;
    if (there?.kind === "directory" && this.below(to).length > 0) return false;
    for (const path of [from, ...this.below(from)]) {
      this.nodes.set(`${to}${path.slice(from.length)}`, this.nodes.get(path)!);
      this.nodes.delete(path);
    }
    return true;
  }

  unlink(path: string): boolean {
    return this.nodes.get(path)?.kind !== "directory" && (this.nodes.delete(path) || true);
  }

  rmdir(path: string): boolean {
    const there = this.nodes.get(path);
    if (there === undefined) return true;
    if (there.kind !== "directory" || this.below(path).length > 0) return false;
    return this.nodes.delete(path);
  }

  /** What a look sees. */
  look(path: string): Sighting {
    const node = this.nodes.get(path);
    const at: RelPath = rel(path);
    switch (node?.kind) {
      case undefined:
        return { kind: "gone", path: at, directory: false };
      case "directory":
        return { kind: "directory", path: at, mode: 0o755 };
      case "symlink":
        return { kind: "symlink", path: at, version: node.version, target: rel(node.target) };
      case "file":
        return { kind: "file", path: at, version: node.version, mode: 0o644, links: 1, writer: "none", how: "event" };
    }
  }

  toString(): string {
    return [...this.nodes.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, node]) =>
        `${path} ${node.kind} ${node.kind === "file" ? node.version.inode + "@" + node.version.mtimeNs : node.kind === "symlink" ? node.target : ""}`.trimEnd(),
      )
      .join("\n");
  }
}

/** A source that is worked in, and what a detector would tell of it. */
export class SimulatedSource extends SimulatedTree {
  sightings: Sighting[] = [];
  #inodes = 0;
  #time = 0;

  #see(path: string): void {
    this.sightings.push(this.look(path));
  }

  #seeTree(path: string): void {
    this.#see(path);
    for (const child of this.below(path)) this.#see(child);
  }

  #version(inode: string | null): Version {
    return { inode: inode ?? `1:${++this.#inodes}`, sizeBytes: 10, mtimeNs: BigInt(++this.#time) };
  }

  #parents(path: string): boolean {
    const missing = !this.isDirectory(parentPath(path));
    if (missing && !this.#parents(parentPath(path))) return false;
    if (missing && this.nodes.has(parentPath(path))) return false;
    if (missing) {
      this.nodes.set(parentPath(path), { kind: "directory" });
      this.#see(parentPath(path));
    }
    return true;
  }

  /** In place where there is a file already. */
  write(path: string): void {
    const there = this.nodes.get(path);
    if (there !== undefined && there.kind !== "file") return;
    if (!this.#parents(path)) return;
    this.nodes.set(path, { kind: "file", version: this.#version(there?.version.inode ?? null) });
    this.#see(path);
  }

  symlink(path: string): void {
    if (this.nodes.has(path) || !this.#parents(path)) return;
    this.nodes.set(path, { kind: "symlink", target: `t${this.#time}`, version: this.#version(null) });
    this.#see(path);
  }

  mkdir(path: string): void {
    if (this.nodes.has(path) || !this.#parents(path)) return;
    this.nodes.set(path, { kind: "directory" });
    this.#see(path);
  }

  /** A second name of the same file, as `cp -l` makes it. */
  hardlink(from: string, to: string): void {
    const there = this.nodes.get(from);
    if (there?.kind !== "file" || this.nodes.has(to) || !this.#parents(to)) return;
    this.nodes.set(to, there);
    this.#see(to);
  }

  move(from: string, to: string): void {
    if (to.startsWith(`${from}/`) || !this.isDirectory(parentPath(to))) return;
    const directory = this.isDirectory(from);
    if (!this.rename(from, to)) return;
    this.sightings.push({ kind: "moved", from: rel(from), path: rel(to), directory });
    this.#seeTree(to);
  }

  /** As `rm -r`. */
  remove(path: string): void {
    const directory = this.isDirectory(path);
    for (const gone of [...this.below(path).reverse(), path]) {
      const wasDirectory = this.isDirectory(gone);
      if (!this.nodes.delete(gone)) continue;
      this.sightings.push({ kind: "gone", path: rel(gone), directory: wasDirectory && directory });
    }
  }

  scan(): Sighting[] {
    return [...this.nodes.keys()].sort().map((path) => this.look(path));
  }
}
