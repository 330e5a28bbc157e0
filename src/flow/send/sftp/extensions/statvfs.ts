import type { Bytes } from "../../../../kernel/path.ts";
import type { Space } from "../../contract.ts";
import type { Fields } from "../fields.ts";
import { packet } from "../protocol.ts";
import { type Request, wirePath } from "../request.ts";

export const STATVFS = "statvfs@openssh.com";

/** PROTOCOL 4.4: statvfs(3) of the file system that holds `path`. */
export function statvfsRequest(path: Bytes): Request<Space> {
  const name = wirePath(path);
  return {
    operation: "ask for free space",
    path,
    costBytes: 0,
    answer: packet.extendedReply,
    decode: readSpace,
    encode(out, id) {
      out.begin(packet.extended, id, 8 + STATVFS.length + name.length);
      out.text(STATVFS);
      out.text(name);
    },
  };
}

/** f_bsize f_frsize f_blocks f_bfree f_bavail f_files f_ffree f_favail f_fsid f_flag f_namemax; what counts is free for ordinary users. */
function readSpace(fields: Fields): Space {
  fields.u64();
  const unitBytes = fields.u64();
  const blocks = fields.u64();
  fields.u64();
  const available = fields.u64();
  const totalFiles = fields.u64();
  fields.u64();
  const freeFiles = fields.u64();
  return { totalBytes: blocks * unitBytes, freeBytes: available * unitBytes, totalFiles, freeFiles };
}
