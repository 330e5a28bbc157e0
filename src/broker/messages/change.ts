import type { Change } from "../../flow/transfer.ts";
import type { Version } from "../../flow/version.ts";
import type { Bytes } from "../../kernel/path.ts";
import type { FileOperation, Message } from "./message.ts";
import { movedFromBelow } from "./moved-from.ts";
import type { MessageRefusal } from "./refusal.ts";

/** `sizeKnown` is false where the version's size is not the sender's word. */
export type ChangeOfMessage = { ok: true; change: Change; sizeKnown: boolean } | { ok: false; refusal: MessageRefusal };

const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;
/** Whoever may publish would otherwise make programs that run as us. A file that we see ourselves keeps what it has. */
const RUNS_AS_OWNER = 0o6000;

/**
 * The change that a message announces. Its version comes from what the message says: two messages that name the same
 * digest, size and time announce the same version, and a file without a digest is told apart by its `pubTime`.
 */
export function changeOf(message: Message): ChangeOfMessage {
  const { operation, relPath } = message;
  const path = message.renameTo ?? relPath;
  const made = (change: Change): ChangeOfMessage => ({ ok: true, change, sizeKnown: true });
  switch (operation.does) {
    case "file":
      return changeOfFile(message, operation);
    case "link":
      return made({ kind: "link", path, target: operation.target, version: versionOfLink(message, operation.target) });
    case "mkdir":
      return made({ kind: "mkdir", path, mode: operation.mode ?? DIRECTORY_MODE });
    case "rmdir":
      return made({ kind: "rmdir", path });
    case "remove":
      // sr3 says "remove" of the old directory, too; it is gone once what was in it is, and not before.
      return made({ kind: operation.becauseRenamed ? "rmdir" : "delete", path });
    case "rename-directory": {
      const from = movedFromBelow(operation.from, { path: relPath, baseUrl: message.baseUrl });
      // What is in it is sent anew.
      if (from === null) return made({ kind: "mkdir", path, mode: operation.mode ?? DIRECTORY_MODE });
      return made({ kind: "rename", path, from, directory: true, version: null, mode: operation.mode ?? DIRECTORY_MODE });
    }
  }
}

function changeOfFile(message: Message, file: FileOperation): ChangeOfMessage {
  if (file.split) return unsupported("a block of a split file");
  const path = message.renameTo ?? message.relPath;
  const version = versionOfFile(message, file);
  const mode = (file.mode ?? FILE_MODE) & ~RUNS_AS_OWNER;
  const from = file.movedFrom === null ? null : movedFromBelow(file.movedFrom, { path: message.relPath, baseUrl: message.baseUrl });
  const sizeKnown = file.sizeBytes !== null || file.content !== null;
  if (from !== null) return { ok: true, change: { kind: "rename", path, from, directory: false, version, mode }, sizeKnown };
  return { ok: true, change: { kind: "put", path, version, mode, links: 1 }, sizeKnown };
}

function versionOfFile(message: Message, file: FileOperation): Version {
  const { identity, digest } = file;
  const told = identity?.method === "digest" ? identity.digest : digest;
  const mtimeNs = file.mtimeNs ?? message.pubTimeNs;
  const name = told === null ? `announced:${message.pubTimeNs}` : `${told.algorithm}:${told.hex}`;
  return { inode: name, sizeBytes: file.sizeBytes ?? file.content?.byteLength ?? 0, mtimeNs };
}

function versionOfLink(message: Message, target: Bytes): Version {
  return { inode: `link:${Buffer.from(target, "latin1").toString("base64")}`, sizeBytes: target.length, mtimeNs: message.pubTimeNs };
}

function unsupported(what: string): ChangeOfMessage {
  return { ok: false, refusal: { refused: "unsupported", what } };
}
