import type { Digest } from "../../flow/digest.ts";
import { bodySchema, type Body } from "./body-schema.ts";
import { digestField, digestOf, type Identity, readDigestField, readIdentity } from "./identity.ts";
import { parseJsonObject } from "./json-text.ts";
import { BODY_BYTES_MAX, CONTENT_BYTES_MAX, type FileOperation, type Message, type Operation } from "./message.ts";
import type { MessageRefusal } from "./refusal.ts";
import { bytesOfWire, PATH_BYTES_MAX, type PathFault, readUntrustedPath } from "./untrusted-path.ts";

export type Decoded = { ok: true; message: Message } | { ok: false; refusal: MessageRefusal };

type Step<Value> = { ok: true; value: Value } | { ok: false; refusal: MessageRefusal };

/** What the properties and the body of a message say. Never throws, whatever they hold. */
export function decodeMessage(received: { contentType: string | undefined; body: Uint8Array }): Decoded {
  if (received.contentType !== "application/json") {
    return { ok: false, refusal: { refused: "unknown-format", contentType: received.contentType ?? "" } };
  }
  if (received.body.byteLength > BODY_BYTES_MAX) {
    return {
      ok: false,
      refusal: { refused: "too-large", what: "body", sizeBytes: received.body.byteLength, maxBytes: BODY_BYTES_MAX },
    };
  }
  const object = readObject(received.body);
  if (!object.ok) return object;
  const checked = bodySchema.safeParse(object.value.fields);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const field = issue?.path.join(".") ?? "";
    return badField(
      field,
      issue?.code === "invalid_type" && !Object.hasOwn(object.value.fields, field) ? "it is missing" : (issue?.message ?? ""),
    );
  }
  return messageOf(checked.data, object.value.fields, object.value.fromC);
}

const strict = new TextDecoder("utf-8", { fatal: true });

function readObject(body: Uint8Array): Step<{ fields: Record<string, unknown>; fromC: boolean }> {
  try {
    const text = strict.decode(body);
    const fields = parseJsonObject(text);
    if (fields === null) return { ok: false, refusal: { refused: "not-json", detail: "it is something else, or nests too deep" } };
    return { ok: true, value: { fields, fromC: /^\{ "\w+" : /.test(text) } };
  } catch (error) {
    return {
      ok: false,
      refusal: { refused: "not-json", detail: error instanceof SyntaxError ? "its syntax is wrong" : "it is not UTF-8" },
    };
  }
}

function messageOf(body: Body, fields: Record<string, unknown>, fromC: boolean): Decoded {
  const relPath = readUntrustedPath(fromC ? withoutEscapesOfC(body.relPath) : body.relPath);
  if (!relPath.ok) return unsafe("relPath", relPath.fault);
  const renameTo = body.rename === undefined ? null : readUntrustedPath(body.rename.replace(/^\/+/, ""));
  if (renameTo !== null && !renameTo.ok) return unsafe("rename", renameTo.fault);
  const operation = operationOf(body, fromC);
  if (!operation.ok) return operation;
  const message: Message = {
    pubTimeNs: body.pubTime,
    baseUrl: body.baseUrl,
    relPath: relPath.path,
    renameTo: renameTo === null ? null : renameTo.path,
    source: body.source ?? null,
    contentType: body.contentType ?? null,
    operation: operation.value,
    fields,
  };
  return { ok: true, message };
}

/** The C programs write these two so, and no others; the Python ones write none. */
function withoutEscapesOfC(path: string): string {
  return path.replaceAll("%20", " ").replaceAll("%23", "#");
}

function operationOf(body: Body, fromC: boolean): Step<Operation> {
  const { fileOp } = body;
  const kinds = fileOp === undefined ? "" : Object.keys(fileOp).sort().join("+");
  const mode = body.mode ?? null;
  const from = fileOp?.rename === undefined || !fromC ? (fileOp?.rename ?? "") : withoutEscapesOfC(fileOp.rename);
  switch (kinds) {
    case "":
      return fileOf(body, null);
    case "rename":
      return fileOf(body, from);
    case "directory":
      return { ok: true, value: { does: "mkdir", mode } };
    case "directory+rename":
      return { ok: true, value: { does: "rename-directory", from, mode } };
    case "remove":
      return { ok: true, value: { does: "remove", becauseRenamed: body.newname !== undefined } };
    case "directory+remove":
      return { ok: true, value: { does: "rmdir" } };
    case "link":
      return linkOf(fileOp?.link ?? "");
    case "hlink":
      return fileOf(body, null);
    default:
      return { ok: false, refusal: { refused: "unsupported", what: `fileOp with ${kinds}` } };
  }
}

function linkOf(text: string): Step<Operation> {
  const target = bytesOfWire(text);
  if (target === null) return unsafe("fileOp.link", "not-bytes");
  if (target === "") return unsafe("fileOp.link", "empty");
  if (target.includes("\0")) return unsafe("fileOp.link", "nul");
  if (target.length >= PATH_BYTES_MAX) return unsafe("fileOp.link", "too-long");
  return { ok: true, value: { does: "link", target } };
}

function fileOf(body: Body, movedFrom: string | null): Step<FileOperation> {
  const written = body.identity ?? body.integrity;
  const identity = written === undefined ? null : readIdentity(written);
  if (written !== undefined && identity === null) return { ok: false, refusal: { refused: "bad-digest", field: "identity" } };
  const digest = body[digestField] === undefined ? null : readDigestField(body[digestField]);
  if (body[digestField] !== undefined && digest === null) return { ok: false, refusal: { refused: "bad-digest", field: digestField } };
  const content =
    body.content === undefined ? null : Buffer.from(body.content.value, body.content.encoding === "base64" ? "base64" : "utf8");
  const file: FileOperation = {
    does: "file",
    sizeBytes: body.size ?? null,
    mode: body.mode ?? null,
    mtimeNs: body.mtime ?? null,
    identity,
    digest,
    content,
    split: body.blocks !== undefined && (body.size === undefined || body.blocks.size === undefined || body.blocks.size < body.size),
    movedFrom,
    linked: body.fileOp?.hlink !== undefined,
  };
  const refusal = content === null ? null : refusalOfContent(file, content);
  return refusal === null ? { ok: true, value: file } : { ok: false, refusal };
}

function refusalOfContent(file: FileOperation, content: Buffer): MessageRefusal | null {
  if (content.byteLength > CONTENT_BYTES_MAX) {
    return { refused: "too-large", what: "content", sizeBytes: content.byteLength, maxBytes: CONTENT_BYTES_MAX };
  }
  if (file.sizeBytes !== null && file.sizeBytes !== content.byteLength) return { refused: "wrong-content", detail: "size" };
  const claimed = [claimedDigest(file.identity), file.digest].filter((digest) => digest !== null);
  const wrong = claimed.some((digest) => digestOf(content, digest.algorithm).hex !== digest.hex);
  return wrong ? { refused: "wrong-content", detail: "digest" } : null;
}

function claimedDigest(identity: Identity | null): Digest | null {
  return identity?.method === "digest" ? identity.digest : null;
}

function unsafe(field: string, fault: PathFault): { ok: false; refusal: MessageRefusal } {
  return { ok: false, refusal: { refused: "unsafe-path", field, fault } };
}

function badField(field: string, detail: string): Decoded {
  return {
    ok: false,
    refusal: { refused: "bad-field", field: field === "" ? "(body)" : field.slice(0, 64), detail: detail.slice(0, 200) },
  };
}
