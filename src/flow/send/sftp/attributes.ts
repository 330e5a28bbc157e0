import type { Bytes } from "../../../kernel/path.ts";
import type { Attributes, FileFacts } from "../contract.ts";
import type { Fields } from "./fields.ts";
import type { PacketWriter } from "./packet-writer.ts";
import { attributeFlag, packet } from "./protocol.ts";
import { encodeText, type Handle, type Request, statusRequest, wirePath } from "./request.ts";

/** ATTRS (§5). The access time is set to the modification time: version 3 has no way to leave it alone. */
export function writeAttributes(out: PacketWriter, attributes: Attributes): void {
  const { mode, mtimeS } = attributes;
  out.u32((mode === undefined ? 0 : attributeFlag.permissions) | (mtimeS === undefined ? 0 : attributeFlag.times));
  if (mode !== undefined) out.u32(mode & 0o7777);
  if (mtimeS !== undefined) {
    out.u32(unsigned32(mtimeS));
    out.u32(unsigned32(mtimeS));
  }
}

export function attributesBytes(attributes: Attributes): number {
  return 4 + (attributes.mode === undefined ? 0 : 4) + (attributes.mtimeS === undefined ? 0 : 8);
}

export function readAttributes(fields: Fields): FileFacts {
  const flags = fields.u32();
  const sizeBytes = flags & attributeFlag.size ? fields.u64() : 0;
  if (flags & attributeFlag.owner) {
    fields.u32();
    fields.u32();
  }
  const permissions = flags & attributeFlag.permissions ? fields.u32() : 0;
  let mtimeS = 0;
  if (flags & attributeFlag.times) {
    fields.u32();
    mtimeS = fields.u32();
  }
  if (flags & attributeFlag.extended) skipExtended(fields);
  return { kind: kindOf(permissions), sizeBytes, mtimeS, mode: permissions & 0o7777 };
}

/** Each pair takes at least eight bytes, so a false count ends at the end of the packet. */
function skipExtended(fields: Fields): void {
  for (let pairs = fields.u32(); pairs > 0; pairs--) {
    fields.text();
    fields.text();
  }
}

/** The type bits of POSIX `st_mode`, which the field carries in practice (§5 leaves it open). */
function kindOf(permissions: number): FileFacts["kind"] {
  switch (permissions & 0o170000) {
    case 0o100000:
      return "file";
    case 0o040000:
      return "directory";
    case 0o120000:
      return "symlink";
    default:
      return "other";
  }
}

/** Times before 1970 and after 2106 do not fit (§5) and go to the nearest that does. */
function unsigned32(value: number): number {
  return Math.min(Math.max(Math.floor(value), 0), 0xffff_ffff);
}

/** SSH_FXP_LSTAT (§6.8). */
export function lstatRequest(path: Bytes): Request<FileFacts> {
  return {
    operation: "lstat",
    path,
    costBytes: 0,
    answer: packet.attrs,
    decode: readAttributes,
    encode: encodeText(packet.lstat, wirePath(path)),
  };
}

/** SSH_FXP_STAT (§6.8): follows symlinks. */
export function statRequest(path: Bytes): Request<FileFacts> {
  return {
    operation: "stat",
    path,
    costBytes: 0,
    answer: packet.attrs,
    decode: readAttributes,
    encode: encodeText(packet.stat, wirePath(path)),
  };
}

/** SSH_FXP_SETSTAT (§6.9): follows symlinks. */
export function setstatRequest(path: Bytes, attributes: Attributes): Request<void> {
  return attributesRequest(packet.setstat, wirePath(path), path, attributes);
}

/** SSH_FXP_FSETSTAT (§6.9). */
export function fsetstatRequest(handle: Handle, path: Bytes, attributes: Attributes): Request<void> {
  return attributesRequest(packet.fsetstat, handle, path, attributes);
}

function attributesRequest(type: number, target: Bytes, path: Bytes, attributes: Attributes): Request<void> {
  return statusRequest("set attributes", path, (out, id) => {
    out.begin(type, id, 4 + target.length + attributesBytes(attributes));
    out.text(target);
    writeAttributes(out, attributes);
  });
}
