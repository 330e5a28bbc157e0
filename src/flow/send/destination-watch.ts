import { randomBytes } from "node:crypto";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import type { SendContext } from "./context.ts";
import { tallyOf } from "../ledger/flows.ts";
import { type Bytes, join } from "../../kernel/path.ts";
import type { Files, RemoteShell, Space } from "./contract.ts";
import { seesTheSameFiles } from "./same-tree.ts";
import { spaceShortage } from "./space.ts";

const FRESH_MS = 5000;

/** Knows whether the destination can take work: its root is there, it has room, and the shell sees what SFTP makes. Asked now and then. */
export class DestinationWatch {
  readonly #context: SendContext;
  #lookedAt: number | null = null;
  #looking: Promise<HotdirError | null> | null = null;
  #wasShort = false;
  #examined: RemoteShell | null = null;
  #stagingTried = false;
  /** The free space when it was last asked for; null: not known. */
  last: Space | null = null;

  constructor(context: SendContext) {
    this.#context = context;
  }

  /** Whether the last answer is young enough, and all was well. */
  get fresh(): boolean {
    const { candidate } = this.#context.link.shells;
    return (
      (candidate === null || candidate === this.#examined) &&
      this.#lookedAt !== null &&
      !this.#wasShort &&
      this.#context.clock.steady() - this.#lookedAt < FRESH_MS
    );
  }

  forget(): void {
    this.#lookedAt = null;
  }

  /** Makes sure that the root is there, tries a new shell, and asks for space. An error: the destination is to be left alone for now. */
  look(): Promise<HotdirError | null> {
    this.#looking ??= this.#ask().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #ask(): Promise<HotdirError | null> {
    const lane = this.#context.link.pick();
    if (lane === null) return null;
    const root = this.#context.layout.root;
    const missing = await this.#prepareRoot(lane.files, root);
    if (missing !== null) return missing;
    const staging = await this.#tryStaging(lane.files);
    if (staging !== null) return staging;
    await this.#examineShell(lane.files);
    const space = await this.#askSpace(lane.files, root);
    this.last = space;
    this.#lookedAt = this.#context.clock.steady();
    const shortage = spaceShortage(space, this.#context.settings.destination.keepFree, this.#wasShort);
    this.#wasShort = shortage !== null;
    return shortage === null
      ? null
      : new HotdirError("destination-full", { operation: "check the space of", path: root, detail: shortage });
  }

  /** Some servers offer the question and refuse to answer it: then the space is not known, which keeps nobody from sending. */
  async #askSpace(files: Files, root: Bytes): Promise<Space | null> {
    if (!files.features.space) return null;
    try {
      return await files.space(orHome(root));
    } catch (error) {
      if (!(error instanceof HotdirError) || (error.scope !== "file" && error.scope !== "unclear")) throw error;
      this.#context.log.debug(`the free space is not known: ${error.message}`);
      return null;
    }
  }

  /** A rename from the staging directory into the root is what every publish is: tried once, with a directory of ours. */
  async #tryStaging(files: Files): Promise<HotdirError | null> {
    const { layout } = this.#context;
    if (this.#stagingTried || layout.inflightRoot === layout.root) return null;
    const name = `.hotdir-${randomBytes(6).toString("hex")}.probe` as Bytes;
    const staged = join(layout.inflightRoot, name);
    const published = join(layout.root, name);
    await files.mkdir(staged, 0o700);
    try {
      await files.replace(staged, published);
      this.#stagingTried = true;
      return null;
    } catch (error) {
      if (!(error instanceof HotdirError) || error.scope === "connection") throw error;
      return new HotdirError("staging-elsewhere", {
        operation: "rename from",
        path: layout.inflightRoot,
        detail: error.detail ?? error.message,
        cause: error,
      });
    } finally {
      await Promise.allSettled([files.rmdir(staged), files.rmdir(published)]);
    }
  }

  /** A shell that could not be tried is left out; the next one is tried again. */
  async #examineShell(files: Files): Promise<void> {
    const { link, log } = this.#context;
    const shell = link.shells.candidate;
    if (shell === null || shell === this.#examined) return;
    this.#examined = shell;
    try {
      const same = await seesTheSameFiles(this.#context, files, shell);
      if (link.shells.candidate === shell) link.shells.judge(same);
    } catch (error) {
      log.debug(`the remote shell could not be tried: ${messageOf(error)}`);
    }
  }

  /**
   * The root is made at the first use. Once something was delivered into it, its absence means that
   * a file system is not mounted, or that somebody moved it: then nothing is made in its place.
   */
  async #prepareRoot(files: Files, root: Bytes): Promise<HotdirError | null> {
    const { db, flow, layout, parents } = this.#context;
    try {
      const facts = await files.stat(orHome(root));
      if (facts === null && tallyOf(db, flow).delivered > 0) {
        return new HotdirError("destination-missing", {
          operation: "look for",
          path: root,
          detail: "it was there before; is its file system mounted? Make the directory to go on",
        });
      }
      if (facts !== null && facts.kind !== "directory")
        return new HotdirError("destination-missing", { operation: "look for", path: root, detail: "it is not a directory" });
      await parents.ensureDirectory(files, root);
      if (layout.inflightRoot !== root) await parents.ensureDirectory(files, layout.inflightRoot);
      return null;
    } catch (error) {
      if (!(error instanceof HotdirError) || error.scope !== "file") throw error;
      return new HotdirError("destination-missing", { operation: "make", path: root, detail: error.detail ?? error.message, cause: error });
    }
  }
}

/** The remote home itself, for requests that take no empty path. */
function orHome(path: Bytes): Bytes {
  return path === "" ? ("." as Bytes) : path;
}
