import type { Bytes } from "../../../../kernel/path.ts";
import { packet } from "../protocol.ts";
import { type Request, statusRequest } from "../request.ts";

export const HARDLINK = "hardlink@openssh.com";

/** PROTOCOL 4.5: link(2). */
export function hardlinkRequest(existing: Bytes, path: Bytes): Request<void> {
  return statusRequest("make hard link", path, (out, id) => {
    out.begin(packet.extended, id, 4 + HARDLINK.length + 8 + existing.length + path.length);
    out.text(HARDLINK);
    out.text(existing);
    out.text(path);
  });
}
