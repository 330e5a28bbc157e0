import { type AbsPath, absPath, bytesOfText, join } from "../kernel/path.ts";
import { followsLinks, type SourceSettings } from "./settings.ts";
import type { ClaimedTransfer } from "./transfer.ts";

/**
 * A source file on this machine. Below `boundary` no symlink is followed; null: whoever named it may name any file. `follow`: also what
 * the path itself links to is meant.
 */
export type SourceFile = { path: AbsPath; boundary: AbsPath | null; follow: boolean };

/** Where a transfer's file is on this machine; of one that a message of another machine told, where it would be. */
export function sourceFileOf(source: SourceSettings, transfer: Pick<ClaimedTransfer, "change" | "origin" | "file">): SourceFile {
  const { change, origin, file } = transfer;
  if (file !== null) return { path: file.path, boundary: null, follow: true };
  if (origin === null || source.kind !== "subscribed")
    return { path: join(source.root, change.path), boundary: source.root, follow: followsLinks(source) };
  const base = source.base === "root" ? source.root : (directoryOfUrl(origin.baseUrl) ?? source.root);
  return { path: join(base, origin.relPath), boundary: base === "/" ? null : base, follow: false };
}

/** The directory that a `file:` URL names; null: the URL is of another kind. */
export function directoryOfUrl(url: string): AbsPath | null {
  const path = /^file:(?:\/\/[^/]*)?(.*)$/is.exec(url)?.[1];
  return path === undefined || path.includes("\0") ? null : absPath(bytesOfText(path));
}
