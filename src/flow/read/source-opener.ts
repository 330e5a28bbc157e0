import { AT_CWD, openAt, opening } from "../../kernel/native.ts";
import { type AbsPath, below, nameOf, parentOf } from "../../kernel/path.ts";
import { Standing } from "./standing.ts";

/**
 * Opens files to read. What is below `root` is never reached over a symlink, whatever stands in the
 * place of a directory by now; other paths (a destination's, one in a holding area) are taken as they are.
 */
export class SourceOpener implements Disposable {
  readonly #root: AbsPath | null;
  readonly #standing: Standing | null;

  constructor(root: AbsPath | null) {
    this.#root = root;
    this.#standing = root === null ? null : new Standing(root);
  }

  /**
   * A descriptor that the caller closes with `closeFd`; minus an errno, ELOOP where a symlink is anywhere below the root. Never waits for a
   * fifo's writer. `follow`: the path may be a symlink itself, to wherever it leads; the directories that it is in may not.
   */
  open(path: AbsPath, follow = false): number {
    const inside = this.#root === null ? null : below(this.#root, path);
    if (inside === null || this.#standing === null) return openAt(AT_CWD, path, follow ? opening.target : opening.file);
    const parent = this.#standing.stand(parentOf(inside));
    return parent < 0 ? parent : openAt(parent, nameOf(inside), follow ? opening.target : opening.file);
  }

  [Symbol.dispose](): void {
    this.#standing?.[Symbol.dispose]();
  }
}
