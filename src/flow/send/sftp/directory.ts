import type { Bytes } from "../../../kernel/path.ts";
import type { FileFacts } from "../contract.ts";
import { attributesBytes, readAttributes, writeAttributes } from "./attributes.ts";
import { type Fields, violation } from "./fields.ts";
import { packet } from "./protocol.ts";
import { encodeText, type Handle, type Request, statusRequest, wirePath } from "./request.ts";

export type Entry = { name: Bytes; facts: FileFacts };

/** SSH_FXP_OPENDIR (§6.7). */
export function opendirRequest(path: Bytes): Request<Handle> {
  return {
    operation: "list",
    path,
    costBytes: 0,
    answer: packet.handle,
    decode: (fields) => fields.text(),
    encode: encodeText(packet.opendir, wirePath(path)),
  };
}

/** SSH_FXP_READDIR (§6.7): some entries, null at the end. */
export function readdirRequest(handle: Handle, path: Bytes): Request<Entry[] | null> {
  return {
    operation: "list",
    path,
    costBytes: 0,
    answer: packet.name,
    decode: readEntries,
    endOfFile: null,
    encode: encodeText(packet.readdir, handle),
  };
}

/** SSH_FXP_NAME (§7): count, then name, long name for people, attributes. */
export function readNames(fields: Fields): Entry[] {
  const entries: Entry[] = [];
  for (let left = fields.u32(); left > 0; left--) {
    const name = fields.text();
    fields.text();
    entries.push({ name, facts: readAttributes(fields) });
  }
  return entries;
}

/** A name with a slash would reach outside of the directory that was asked about. */
function readEntries(fields: Fields): Entry[] {
  const entries = readNames(fields);
  for (const { name } of entries) {
    if (name === "" || name.includes("/") || name.includes("\0")) throw violation("a directory entry that is no name");
  }
  return entries;
}

/** SSH_FXP_MKDIR (§6.6). */
export function mkdirRequest(path: Bytes, mode: number): Request<void> {
  const name = wirePath(path);
  const attributes = { mode };
  return statusRequest("make directory", path, (out, id) => {
    out.begin(packet.mkdir, id, 4 + name.length + attributesBytes(attributes));
    out.text(name);
    writeAttributes(out, attributes);
  });
}

/** SSH_FXP_RMDIR (§6.6). */
export function rmdirRequest(path: Bytes): Request<void> {
  return statusRequest("remove directory", path, encodeText(packet.rmdir, wirePath(path)));
}
