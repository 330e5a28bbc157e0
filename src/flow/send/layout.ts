import { type Bytes, join, NAME_BYTES_MAX, nameOf, parentOf, type RelPath } from "../../kernel/path.ts";
import type { DestinationSettings } from "../settings.ts";
import type { ClaimedTransfer, TransferId } from "../transfer.ts";

/** Which try an inflight name belongs to: what a broken connection still delivers late never meets a later try. */
export type InflightOf = { id: TransferId; attempt: number };

export function inflightOf(transfer: ClaimedTransfer): InflightOf {
  return { id: transfer.id, attempt: transfer.partial ?? transfer.fence.attempt };
}

/**
 * Where things are at the destination. Inflight names carry the ledger's token, the transfer's number
 * and the attempt (`name.k3f9-2s-1.tmp`): ours can be told from everybody else's, two of ours never meet, and
 * none is ever the final name of another file.
 */
export class Layout {
  readonly root: Bytes;
  readonly #inflight: DestinationSettings["inflight"];
  readonly #token: string;

  /** @param token of the ledger: four or more letters and digits. */
  constructor(destination: Pick<DestinationSettings, "inflight"> & { directory: Bytes }, token: string) {
    this.root = destination.directory;
    this.#inflight = destination.inflight;
    this.#token = token;
  }

  final(path: RelPath): Bytes {
    return join(this.root, path);
  }

  /** The directory that inflight names are relative to: the root, or the staging directory. */
  get inflightRoot(): Bytes {
    return this.#inflight.kind === "staging" ? (this.#inflight.directory as Bytes) : this.root;
  }

  /** The inflight name of a transfer, relative to `inflightRoot`. */
  inflightName(path: RelPath, of: InflightOf): RelPath {
    const mark = this.#mark(of);
    if (this.#inflight.kind === "staging") return mark as Bytes as RelPath;
    const suffix = `.${mark}${this.#inflight.suffix}`;
    const name = nameOf(path);
    // A name that leaves no room for the suffix goes by the mark alone.
    const inflight = name.length + suffix.length <= NAME_BYTES_MAX ? `${name}${suffix}` : suffix;
    const parent = parentOf(path);
    return (parent === "" ? inflight : `${parent}/${inflight}`) as Bytes as RelPath;
  }

  inflight(path: RelPath, of: InflightOf): Bytes {
    return join(this.inflightRoot, this.inflightName(path, of));
  }

  /** An inflight name in the root itself without any character that a shell would read: for the user's own commands. */
  plainInflight(of: InflightOf): Bytes {
    const suffix = this.#inflight.kind === "suffix" ? this.#inflight.suffix : "";
    return join(this.inflightRoot, `${this.#mark(of)}${suffix}` as Bytes);
  }

  /** A directory of ours, whose name no tool can misread, in which the files of some commands land. */
  landing(number: number): Bytes {
    const suffix = this.#inflight.kind === "suffix" ? this.#inflight.suffix : "";
    return join(this.inflightRoot, `.hotdir-${this.#token}-${number.toString(36)}${suffix}` as Bytes);
  }

  /** Beside a final name: for bytes that come to its file system only there. */
  beside(path: RelPath, number: number, transfer: TransferId): Bytes {
    const name = `.hotdir-${this.#token}-${number.toString(36)}-${transfer.toString(36)}.landing` as Bytes;
    const parent = parentOf(path);
    return join(parent === "" ? this.root : join(this.root, parent), name);
  }

  #mark(of: InflightOf): string {
    return `${this.#token}-${of.id.toString(36)}-${of.attempt.toString(36)}`;
  }
}
