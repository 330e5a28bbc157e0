import { closeFd, errnoName, opening, parseDirectory, readDirectory } from "../../kernel/native.ts";
import type { Bytes, RelPath } from "../../kernel/path.ts";
import type { Directory, DirectoryTree } from "./directory-tree.ts";
import { saysNothingThere } from "./look.ts";
import type { Opener } from "./opener.ts";

type Reading = { directory: Directory; fd: number; names: Array<Bytes>; at: number };

export type SliceOptions = {
  tree: DirectoryTree;
  opener: Opener;
  namesMax: number;
  goOn: () => boolean;
  began: () => void;
  each: (dirFd: number, directory: Directory, name: Bytes) => void;
  failed: (path: RelPath, code: string) => void;
};

/** The directories that are still to be read, and the one that is being read: in slices, a few names at a time, however large it is. */
export class ScanStack {
  readonly #buffer = Buffer.alloc(32 * 1024);
  #todo: Directory[] = [];
  #reading: Reading | null = null;

  get empty(): boolean {
    return this.#todo.length === 0 && this.#reading === null;
  }

  push(directory: Directory): void {
    this.#todo.push(directory);
  }

  /**
   * Gives the next names to `each`, at most about `namesMax`, while `goOn` holds.
   * `began` is called for each directory that could be opened, `failed` for one that is there and cannot be read; one that
   * has been moved or removed meanwhile is left to its event.
   */
  readSlice(options: SliceOptions): void {
    for (let left = options.namesMax; left > 0 && options.goOn();) {
      const reading = (this.#reading ??= this.#open(options));
      if (reading === null) return;
      const name = reading.names[reading.at];
      if (name !== undefined) {
        reading.at++;
        left--;
        options.each(reading.fd, reading.directory, name);
      } else if (!this.#refill(reading, options)) {
        closeFd(reading.fd);
        this.#reading = null;
        left--;
      }
    }
  }

  clear(): void {
    if (this.#reading !== null) closeFd(this.#reading.fd);
    this.#reading = null;
    this.#todo = [];
  }

  #open(options: SliceOptions): Reading | null {
    for (let directory = this.#todo.pop(); directory !== undefined; directory = this.#todo.pop()) {
      const fd = options.opener.open(options.tree, directory, opening.directory);
      if (fd < 0) {
        tellFailure(options, directory, fd);
        continue;
      }
      options.began();
      return { directory, fd, names: [], at: 0 };
    }
    return null;
  }

  #refill(reading: Reading, options: SliceOptions): boolean {
    const length = readDirectory(reading.fd, this.#buffer);
    if (length < 0) tellFailure(options, reading.directory, length);
    if (length <= 0) return false;
    reading.names = [];
    reading.at = 0;
    parseDirectory(this.#buffer, length, (name) => reading.names.push(name));
    return true;
  }
}

function tellFailure(options: SliceOptions, directory: Directory, result: number): void {
  const path = options.tree.pathOf(directory);
  const code = errnoName(result);
  if (path !== null && path !== "" && !saysNothingThere(code)) options.failed(path, code);
}
