import { AT_CWD, errnoName, statAt } from "../../kernel/native.ts";
import { type AbsPath, join, nameOf, parentOf, type RelPath } from "../../kernel/path.ts";
import type { Sighting } from "../detect/contract.ts";
import { lookAt, saysNothingThere, versionOfStat } from "../detect/look.ts";
import { Standing } from "../read/standing.ts";
import type { SubscribedSource } from "../settings.ts";
import { directoryOfUrl } from "../source-file.ts";
import { sameVersion, type Version } from "../version.ts";
import type { Absence, Bases } from "./bases.ts";

/** What is at a place now; `absence` says what can be made of it where nothing was found. */
export type Looked = { sighting: Sighting; absence: Absence };

/** The directory on this machine that a base URL means to a flow; null: its files are elsewhere, and fetched. */
export function baseHere(source: SubscribedSource, baseUrl: string): AbsPath | null {
  const named = directoryOfUrl(baseUrl);
  return named === null ? null : source.base === "root" ? source.root : named;
}

/** Looks at many paths of this machine, one after the other; below their base never over a symlink. */
export class LocalLooks implements Disposable {
  readonly #bases: Bases;
  readonly #standing = new Map<AbsPath, Standing>();

  constructor(bases: Bases) {
    this.#bases = bases;
  }

  /** @param path what the sighting is to be called: its path at the destination. */
  look(base: AbsPath, relPath: RelPath, path: RelPath): Looked {
    const sighting = this.#sighting(base, relPath, path);
    if (sighting.kind === "gone") return { sighting, absence: this.#bases.absence(base) };
    this.#bases.found(base);
    return { sighting, absence: { kind: "gone" } };
  }

  /** Whether the file is as it was, by one question: the usual case, in which nothing else need be asked. */
  isStill(base: AbsPath, relPath: RelPath, version: Version): boolean {
    const dirFd = base === "/" ? AT_CWD : this.#stand(base, relPath);
    if (base !== "/" && dirFd < 0) return false;
    const stat = statAt(dirFd, base === "/" ? join(base, relPath) : nameOf(relPath));
    if (typeof stat === "number" || stat.type !== "file" || !sameVersion(versionOfStat(stat), version)) return false;
    this.#bases.found(base);
    return true;
  }

  #sighting(base: AbsPath, relPath: RelPath, path: RelPath): Sighting {
    // Whoever may name any file needs no symlink to name one.
    const dirFd = base === "/" ? AT_CWD : this.#stand(base, relPath);
    if (base !== "/" && dirFd < 0) {
      const code = errnoName(dirFd);
      return saysNothingThere(code) ? { kind: "gone", path, directory: false } : { kind: "unreadable", path, code };
    }
    const name = base === "/" ? join(base, relPath) : nameOf(relPath);
    const look = lookAt({ dirFd, name, path, how: "event", leases: true, closed: true, follow: false });
    switch (look.kind) {
      case "nothing":
        return { kind: "gone", path, directory: false };
      case "directory":
        return { kind: "directory", path, mode: look.mode };
      case "seen":
        return look.sighting;
    }
  }

  #stand(base: AbsPath, relPath: RelPath): number {
    const standing = this.#standing.get(base) ?? new Standing(base);
    this.#standing.set(base, standing);
    return standing.stand(parentOf(relPath));
  }

  [Symbol.dispose](): void {
    for (const standing of this.#standing.values()) standing[Symbol.dispose]();
  }
}
