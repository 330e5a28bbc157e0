import type { Digest } from "../../flow/digest.ts";
import type { Change } from "../../flow/transfer.ts";
import { assert } from "../../kernel/errors.ts";
import { type Bytes, join, type RelPath } from "../../kernel/path.ts";
import { bodySchema } from "./body-schema.ts";
import { digestField, isWireAlgorithm, writeIdentity } from "./identity.ts";
import { writeJson } from "./json-text.ts";
import { BODY_BYTES_MAX, type Message, wireProperties } from "./message.ts";
import { basePathOf } from "./moved-from.ts";
import { defaultPrefix, routingKeyOf, type TopicPrefix } from "./routing.ts";
import { wireOfBytes } from "./untrusted-path.ts";
import { formatWireTime } from "./wire-time.ts";

/** What is said of a change beyond the change itself. */
export type Announcement = {
  change: Change;
  /** Kept when the message is sent again: it is half of the message's identity, the path is the other. */
  pubTimeNs: bigint;
  /** Where the path can be fetched: `file:/home/bob/to_hpfx`, `sftp://hpfx`. */
  baseUrl: string;
  /** The broker's user, as sr3 names who announces. */
  source: string | null;
  /** Own fields of the user (sr3's `header`), before `relPath` as sr3 has them. */
  headers?: Readonly<Record<string, string>>;
  digest?: Digest | null;
  /** The MIME type, where somebody looked. */
  contentType?: string | null;
  /** Small files may travel in the message. */
  content?: Buffer | null;
  preserve?: { mode: boolean; mtime: boolean };
};

/** What goes to the broker. */
export type WireMessage = { routingKey: string; properties: typeof wireProperties; body: Buffer };

type Fields = Record<string, unknown>;

/** The body of an announcement; members that are `undefined` are not written. Keys stand where sr3's watch puts them. */
export function fieldsOf(announcement: Announcement): Fields {
  const { change } = announcement;
  const pubTime = formatWireTime(announcement.pubTimeNs);
  assert(pubTime !== null, "an announcement is published in a year of four digits");
  return defined({
    pubTime,
    ...withoutReserved(announcement.headers ?? {}),
    relPath: wireOfBytes(change.path),
    baseUrl: announcement.baseUrl,
    source: announcement.source ?? undefined,
    ...fieldsOfChange(change, announcement),
  });
}

/** A user's field may not stand for one of the format. */
export function withoutReserved(headers: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !Object.hasOwn(bodySchema.shape, name)));
}

function fieldsOfChange(change: Change, announcement: Announcement): Fields {
  const mode = (bits: number): string | undefined => (announcement.preserve?.mode === false ? undefined : bits.toString(8));
  switch (change.kind) {
    case "put":
      return fileFields(change, mode(change.mode), announcement);
    case "link":
      return { fileOp: { link: wireOfBytes(change.target) } };
    case "mkdir":
      return { mode: mode(change.mode), fileOp: { directory: "" }, contentType: "text/directory" };
    case "rmdir":
      return { fileOp: { remove: "", directory: "" } };
    case "delete":
      return { fileOp: { remove: "" } };
    case "rename": {
      const rename = oldName(change.from, announcement.baseUrl);
      if (change.directory || change.version === null) return { mode: mode(change.mode), fileOp: { directory: "", rename } };
      return { ...fileFields({ version: change.version }, mode(change.mode), announcement), fileOp: { rename } };
    }
  }
}

function fileFields(
  file: { version: { sizeBytes: number; mtimeNs: bigint } },
  mode: string | undefined,
  announcement: Announcement,
): Fields {
  const { digest, content, contentType, preserve } = announcement;
  const { sizeBytes, mtimeNs } = file.version;
  const mtime = preserve?.mtime === false ? undefined : (formatWireTime(mtimeNs) ?? undefined);
  const known = digest !== undefined && digest !== null && isWireAlgorithm(digest.algorithm);
  return {
    mode,
    size: sizeBytes,
    mtime,
    // sr3 sets both times or none; when the file was last read is nobody's concern.
    atime: mtime,
    identity: known ? writeIdentity({ method: "digest", digest }) : undefined,
    [digestField]: digest === undefined || digest === null || known ? undefined : `${digest.algorithm}:${digest.hex}`,
    contentType: contentType ?? (sizeBytes === 0 ? "inode/x-empty" : "application/octet-stream"),
    content: content === undefined || content === null ? undefined : contentField(content),
  };
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function contentField(content: Buffer): Fields {
  try {
    return { encoding: "utf-8", value: strict.decode(content) };
  } catch {
    return { encoding: "base64", value: content.toString("base64") };
  }
}

/** The absolute old path, as sr3's watch writes it: below the base that the message itself names, so that it can be found again. */
export function oldName(from: RelPath, baseUrl: string): string {
  return wireOfBytes(join(basePathOf(baseUrl) as Bytes, from));
}

/** A message passed on from another place: `pubTime`, the operation and all unknown fields stay, in their places. */
export function reannounced(message: Message, now: { baseUrl: string; relPath: RelPath; source: string | null }): Fields {
  const { source } = now;
  const moved: Fields = { ...message.fields, relPath: wireOfBytes(now.relPath), baseUrl: now.baseUrl };
  if (source !== null) moved["source"] = source;
  if (message.operation.does === "link" && message.contentType === null) moved["contentType"] = "text/link";
  return moved;
}

/** The whole message. The body of an announcement is within the bound: paths, headers and inline content are. */
export function wireMessage(fields: Fields, path: RelPath, prefix: TopicPrefix = defaultPrefix): WireMessage {
  const body = Buffer.from(writeJson(fields), "ascii");
  assert(body.byteLength <= BODY_BYTES_MAX, "no announcement is larger than a receiver takes");
  return { routingKey: routingKeyOf(path, prefix).key, properties: wireProperties, body };
}

function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
