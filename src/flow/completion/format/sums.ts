import type { Bytes } from "../../../kernel/path.ts";
import { bufferOf, show } from "../../../kernel/path.ts";
import type { ReceiptRow } from "../../ledger/receipts.ts";
import { sumLine } from "../../sum-line.ts";
import type { ManifestHead } from "./contract.ts";

/**
 * What `sha256sum -c` reads in the destination's root (or the tool of the flow's own algorithm). What it cannot check is told in lines
 * that begin with `#`, which it passes over.
 */
export function* sumsManifest({ algorithm }: ManifestHead, members: Iterable<ReceiptRow>): Generator<Buffer> {
  for (const { path, kind, digest } of members) {
    if (digest !== null && digest.algorithm === algorithm) yield sumLine({ digest, path });
    else
      yield comment(
        `${kind === "link" ? "a symbolic link" : digest === null ? "without a digest" : `${digest.algorithm} ${digest.hex}`}: ${show(path)}`,
      );
  }
}

function comment(text: string): Buffer {
  return bufferOf(Buffer.from(`# ${text}\n`, "utf8").toString("latin1") as Bytes);
}
