import type { Bytes } from "../../../kernel/path.ts";
import { readNames } from "./directory.ts";
import { type Fields, violation } from "./fields.ts";
import { packet } from "./protocol.ts";
import { encodeText, type Request, statusRequest, wirePath } from "./request.ts";

/** SSH_FXP_REMOVE (§6.5): files and symlinks, not directories. */
export function removeRequest(path: Bytes): Request<void> {
  return statusRequest("remove", path, encodeText(packet.remove, wirePath(path)));
}

/** SSH_FXP_RENAME (§6.5): fails where something has the new name. */
export function renameRequest(from: Bytes, to: Bytes): Request<void> {
  return statusRequest("rename", to, (out, id) => {
    out.begin(packet.rename, id, 8 + from.length + to.length);
    out.text(from);
    out.text(to);
  });
}

/** SSH_FXP_SYMLINK (§6.10), the arguments in the order of OpenSSH, which all follow since (PROTOCOL 4.1): target, then link. */
export function symlinkRequest(target: Bytes, path: Bytes): Request<void> {
  return statusRequest("make symlink", path, (out, id) => {
    out.begin(packet.symlink, id, 8 + target.length + path.length);
    out.text(target);
    out.text(path);
  });
}

/** SSH_FXP_READLINK (§6.10). */
export function readlinkRequest(path: Bytes): Request<Bytes> {
  return {
    operation: "read symlink",
    path,
    costBytes: 0,
    answer: packet.name,
    decode: readOneName,
    encode: encodeText(packet.readlink, wirePath(path)),
  };
}

/** SSH_FXP_REALPATH (§6.11). */
export function realpathRequest(path: Bytes): Request<Bytes> {
  return {
    operation: "resolve",
    path,
    costBytes: 0,
    answer: packet.name,
    decode: readOneName,
    encode: encodeText(packet.realpath, wirePath(path)),
  };
}

function readOneName(fields: Fields): Bytes {
  const [only, ...others] = readNames(fields);
  if (only === undefined || others.length > 0) throw violation("not exactly one name");
  return only.name;
}
