import { hash } from "node:crypto";
import { bufferOf, type RelPath } from "../../../kernel/path.ts";

const NUL = Buffer.from([0]);
const NODE = Buffer.from([1]);

function sha256(...parts: Buffer[]): Buffer {
  return hash("sha256", Buffer.concat(parts), "buffer");
}

/**
 * The root of a Merkle tree over files in the order in which they are added, as RFC 6962 §2.1 builds it: a leaf is
 * SHA-256 of a NUL, the path, a NUL and the digest's bytes (none where a file has no digest); a node is SHA-256 of 0x01 and its two
 * children; what has no partner goes up as it is. Holds one hash for each level.
 */
export class MerkleTree {
  /** By level: a hash that waits for its partner. */
  readonly #waiting: Array<Buffer | undefined> = [];
  #leaves = 0;

  add(path: RelPath, digestHex: string | null): void {
    let node = sha256(NUL, bufferOf(path), NUL, Buffer.from(digestHex ?? "", "hex"));
    this.#leaves++;
    for (let level = 0; ; level++) {
      const left = this.#waiting[level];
      this.#waiting[level] = left === undefined ? node : undefined;
      if (left === undefined) return;
      node = sha256(NODE, left, node);
    }
  }

  /** In hexadecimal; of no leaves: SHA-256 of nothing. */
  root(): string {
    if (this.#leaves === 0) return sha256().toString("hex");
    let root: Buffer | undefined;
    for (const left of this.#waiting) if (left !== undefined) root = root === undefined ? left : sha256(NODE, left, root);
    return root!.toString("hex");
  }
}
