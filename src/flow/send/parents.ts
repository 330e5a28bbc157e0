import { hasCode } from "../../kernel/errors.ts";
import { type Bytes } from "../../kernel/path.ts";
import type { Chmod } from "../chmod.ts";
import type { Files } from "./contract.ts";
import { changeDirectoryMode, DEFAULT_DIRECTORY_MODE } from "./directory-mode.ts";

const KNOWN_MAX = 20_000;

/** Makes directories at the destination as they are needed, and remembers which are there. */
export class Parents {
  readonly #known = new Map<Bytes, Promise<void>>();
  readonly #roots: ReadonlySet<Bytes>;

  readonly #chmod: Chmod | null;

  /**
   * @param roots the user's own choice: they may be symlinks to directories. What we make below them may not: a symlink there leads out of the tree.
   * @param chmod what is changed of the modes of directories that are made.
   */
  constructor(roots: Bytes[] = [], chmod: Chmod | null = null) {
    this.#roots = new Set(roots);
    this.#chmod = chmod;
  }

  /** The directory of `path` exists when this resolves. Calls for one directory share one request. */
  ensure(files: Files, path: Bytes): Promise<void> {
    const slash = path.lastIndexOf("/");
    return slash <= 0 ? Promise.resolve() : this.ensureDirectory(files, path.slice(0, slash) as Bytes);
  }

  ensureDirectory(files: Files, directory: Bytes): Promise<void> {
    if (directory === "" || directory === "/") return Promise.resolve();
    const known = this.#known.get(directory);
    if (known !== undefined) return known;
    const made = this.#make(files, directory);
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(directory, made);
    made.catch(() => this.#known.delete(directory));
    return made;
  }

  async #make(files: Files, directory: Bytes): Promise<void> {
    try {
      await this.#makeOne(files, directory);
    } catch (error) {
      if (hasCode(error, "wrong-type") && this.#roots.has(directory) && (await files.stat(directory))?.kind === "directory") return;
      if (!hasCode(error, "not-found")) throw error;
      await this.ensure(files, directory);
      await this.#makeOne(files, directory);
    }
  }

  async #makeOne(files: Files, directory: Bytes): Promise<void> {
    const made = await files.mkdir(directory, DEFAULT_DIRECTORY_MODE);
    if (made && this.#chmod !== null) await changeDirectoryMode(files, directory, DEFAULT_DIRECTORY_MODE, this.#chmod);
  }

  /** Something at the destination took directories away: they are looked at again. */
  forget(): void {
    this.#known.clear();
  }

  /** Runs `work`; where a directory was missing after all (somebody removed it), makes it and runs it once more. */
  async within<T>(files: Files, path: Bytes, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!hasCode(error, "not-found")) throw error;
      this.forget();
      await this.ensure(files, path);
      return await work();
    }
  }
}
