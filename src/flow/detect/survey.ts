import { closeFd, errnoName, openAt, opening, statFd } from "../../kernel/native.ts";
import type { Bytes } from "../../kernel/path.ts";
import type { Directory, DirectoryTree } from "./directory-tree.ts";
import { type Look, lookAt, saysNothingThere } from "./look.ts";
import type { Opener } from "./opener.ts";
import type { Outbox } from "./outbox.ts";
import type { Relooks } from "./relooks.ts";
import type { ScanStack } from "./scan.ts";
import type { Watches } from "./watches.ts";

/** Delays of looks after a refused lease: 1 ms, doubled, until 4 s. */
const firstRelookMs = 1;
const lastRelookMs = 4096;
/** A refusal that lasts so long is told. */
const tellAfterMs = 16;
/** After this an empty file that nobody has open is what its maker wants. */
const youngRelookMs = 1100;

export type SurveyParts = {
  tree: DirectoryTree;
  watches: Watches;
  opener: Opener;
  outbox: Outbox;
  relooks: Relooks;
  stack: ScanStack;
  leases: boolean;
  followLinks: boolean;
};

/** `relookMs`: after a refused lease ask again after so long; null: do not. */
type At = { dirFd: number; directory: Directory; name: Bytes; how: "event" | "scan"; closed: boolean; relookMs: number | null };

/** Looks at single names, reports what is there, and takes up the directories that it meets. */
export class Survey {
  readonly #parts: SurveyParts;
  /** Set where looks and events contradict each other: a scan must tell. */
  confused = false;
  /** The scan that sees directories now. */
  scan = 0;

  constructor(parts: SurveyParts) {
    this.#parts = parts;
  }

  /** After an event. `closed`: a writer closed it, or it was moved here: it is not just being made. */
  sight(directory: Directory, name: Bytes, closed: boolean): void {
    const dirFd = this.#parts.opener.stand(this.#parts.tree, directory);
    if (dirFd !== null) this.sightAt({ dirFd, directory, name, how: "event", closed, relookMs: closed ? firstRelookMs : null });
  }

  sightAt(at: At): "directory" | "nothing" | "seen" {
    const { tree, outbox, watches } = this.#parts;
    const { dirFd, directory, name, how, closed } = at;
    const path = tree.pathIn(directory, name);
    if (path === null) return "nothing";
    const leases = this.#parts.leases && watches.leasesKnowWriters(deviceOf(directory.identity));
    const look = lookAt({ dirFd, name, path, how, leases, closed, follow: this.#parts.followLinks });
    if (look.kind === "directory") {
      this.takeUp({ dirFd, directory, name, always: how === "scan" });
      return "directory";
    }
    if (look.kind === "nothing") return "nothing";
    const again = this.#lookAgain(at, look);
    // The first refusals are most often the closing itself; then it is told once.
    if (!again || at.relookMs === tellAfterMs) outbox.add(look.sighting);
    return "seen";
  }

  /** Whether the lease was refused and is going to be asked for again soon. */
  #lookAgain(at: At, look: Extract<Look, { kind: "seen" }>): boolean {
    const { directory, name, closed, relookMs } = at;
    const nowMs = performance.now();
    if (look.unsure) this.#parts.relooks.add({ directory, name, closed: false, dueAtMs: nowMs + youngRelookMs, delayMs: youngRelookMs });
    if (look.sighting.kind !== "file" || look.sighting.writer !== "open" || relookMs === null || relookMs > lastRelookMs) return false;
    return this.#parts.relooks.add({ directory, name, closed, dueAtMs: nowMs + relookMs, delayMs: relookMs });
  }

  repeat(relook: { directory: Directory; name: Bytes; closed: boolean; delayMs: number }): void {
    const { tree, opener } = this.#parts;
    const dirFd = opener.stand(tree, relook.directory);
    if (dirFd === null) return;
    const { directory, name, closed, delayMs } = relook;
    this.sightAt({ dirFd, directory, name, how: "event", closed, relookMs: closed ? delayMs * 2 : null });
  }

  /** Watches a directory, then puts it on the stack to be scanned, so that nothing made in it at once is missed. */
  takeUp(at: { dirFd: number; directory: Directory; name: Bytes; always: boolean }): void {
    const { tree, watches, outbox, stack } = this.#parts;
    const path = tree.pathIn(at.directory, at.name);
    if (path === null) return;
    const fd = openAt(at.dirFd, at.name, opening.directory);
    if (fd < 0) {
      const code = errnoName(fd);
      if (!saysNothingThere(code)) outbox.add({ kind: "unreadable", path, code });
      return;
    }
    try {
      const stat = statFd(fd);
      if (typeof stat === "number") return;
      const wd = watches.add(fd, stat.device, path, (known) => tree.byWatch(known) !== undefined);
      const placed = tree.place({ parent: at.directory, name: at.name, identity: stat.identity, wd, scan: this.scan });
      watches.counted(tree.watched);
      outbox.add({ kind: "directory", path, mode: stat.mode });
      if (placed === null || placed.displaced) this.confused = true;
      if (placed !== null && (placed.fresh || at.always)) stack.push(placed.directory);
    } finally {
      closeFd(fd);
    }
  }
}

function deviceOf(identity: string): string {
  return identity.slice(0, identity.indexOf(":"));
}
