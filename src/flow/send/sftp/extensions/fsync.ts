import type { Bytes } from "../../../../kernel/path.ts";
import { packet } from "../protocol.ts";
import { type Handle, type Request, statusRequest } from "../request.ts";

export const FSYNC = "fsync@openssh.com";

/** PROTOCOL 4.6: fsync(2) of an open handle. */
export function fsyncRequest(handle: Handle, path: Bytes): Request<void> {
  return statusRequest("sync", path, (out, id) => {
    out.begin(packet.extended, id, 8 + FSYNC.length + handle.length);
    out.text(FSYNC);
    out.text(handle);
  });
}
