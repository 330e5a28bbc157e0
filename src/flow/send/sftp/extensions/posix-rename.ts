import type { Bytes } from "../../../../kernel/path.ts";
import { packet } from "../protocol.ts";
import { type Request, statusRequest } from "../request.ts";

export const POSIX_RENAME = "posix-rename@openssh.com";

/** PROTOCOL 4.3: rename(2), atomically over what is there. */
export function posixRenameRequest(from: Bytes, to: Bytes): Request<void> {
  return statusRequest("publish", to, (out, id) => {
    out.begin(packet.extended, id, 4 + POSIX_RENAME.length + 8 + from.length + to.length);
    out.text(POSIX_RENAME);
    out.text(from);
    out.text(to);
  });
}
