import { type AbsPath, join, type RelPath } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import type { SourceReader } from "../read/source-reader.ts";
import type { TransferId } from "../transfer.ts";
import type { Version } from "../version.ts";
import { findHeld } from "./holding-area.ts";
import { findRemovable, removeSource } from "./removal.ts";

/** A file that is elsewhere, as a message tells. `digest`: of what is there; null: the message tells none. */
export type AnnouncedFile = {
  root: AbsPath;
  path: RelPath;
  transfer: TransferId;
  ledger: string;
  digest: Digest | null;
  hold: AbsPath | null;
};

export type AnnouncedEnd =
  /** It is not here: removed by us, or by somebody else before. */
  | { kind: "gone" }
  | { kind: "held"; at: AbsPath }
  /** It is not what the message is about, and never will be. */
  | { kind: "stays"; reason: string }
  /** Not now. */
  | { kind: "waits"; reason: string }
  /** Nothing can be told of any file. */
  | { kind: "away"; reason: string }
  | { kind: "set-aside"; at: AbsPath }
  | { kind: "refused"; detail: string };

export type AnnouncedFacts = {
  reader: SourceReader;
  /** Why this version must not go yet, by what others on this machine have to do with it; null: it may. */
  refusal: (path: RelPath, version: Version) => Promise<string | null>;
};

/**
 * P4 on another's word: a file goes only while its bytes have the digest of what was announced, never by its name alone. It is read before
 * anything is touched, and once more under a name of ours, where no newer file can come under our hands. Safe to run again
 * after a kill at any point.
 */
export async function removeAnnounced(file: AnnouncedFile, { reader, refusal }: AnnouncedFacts): Promise<AnnouncedEnd> {
  const { digest } = file;
  const found = await findRemovable(file);
  switch (found.kind) {
    case "no-root":
      return { kind: "away", reason: found.detail };
    case "refused":
      return { kind: "refused", detail: found.detail };
    case "nothing":
      return await whereItWent(file, reader);
    case "no-file":
      return { kind: "stays", reason: "what has its name here is no file" };
    case "file":
      break;
  }
  if (digest === null) return { kind: "stays", reason: "its message tells no digest, so that nothing can be compared" };
  const { version, captured } = found;
  if (!captured) {
    const differs = await unlessSame(file, version, digest, reader);
    if (differs !== null) return differs;
    const reason = await refusal(file.path, version);
    if (reason !== null) return { kind: "waits", reason };
  }
  const end = await removeSource({ ...file, digest, version }, reader);
  switch (end.kind) {
    case "removed":
    case "already-gone":
      return { kind: "gone" };
    case "not-the-version":
      return { kind: "waits", reason: "somebody has it open for writing, or it has just changed" };
    default:
      return end;
  }
}

/** A kill after the last step and before it was written down looks as if it had never been here. */
async function whereItWent({ hold, path, digest }: AnnouncedFile, reader: SourceReader): Promise<AnnouncedEnd> {
  const at = hold === null || digest === null ? null : await findHeld(join(hold, path), digest, reader);
  return at === null ? { kind: "gone" } : { kind: "held", at };
}

/** null: the bytes are those that were announced. */
async function unlessSame(file: AnnouncedFile, version: Version, digest: Digest, reader: SourceReader): Promise<AnnouncedEnd | null> {
  const { algorithm } = digest;
  const here = await reader.digest({ path: join(file.root, file.path), boundary: file.root, follow: false }, version, algorithm);
  switch (here.kind) {
    case "digest":
      return here.hex === digest.hex
        ? null
        : { kind: "stays", reason: `it is not what was announced: ${algorithm} ${here.hex} here, ${digest.hex} there` };
    case "unreadable":
      return { kind: "refused", detail: `${here.errno} it cannot be read` };
    case "changed":
    case "gone":
      return { kind: "waits", reason: "it changed while it was read" };
  }
}
