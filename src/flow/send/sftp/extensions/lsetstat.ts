import type { Bytes } from "../../../../kernel/path.ts";
import type { Attributes } from "../../contract.ts";
import { attributesBytes, writeAttributes } from "../attributes.ts";
import { packet } from "../protocol.ts";
import { type Request, statusRequest, wirePath } from "../request.ts";

export const LSETSTAT = "lsetstat@openssh.com";

/** PROTOCOL 4.7: as SETSTAT, of the symlink itself. */
export function lsetstatRequest(path: Bytes, attributes: Attributes): Request<void> {
  const name = wirePath(path);
  return statusRequest("set attributes", path, (out, id) => {
    out.begin(packet.extended, id, 8 + LSETSTAT.length + name.length + attributesBytes(attributes));
    out.text(LSETSTAT);
    out.text(name);
    writeAttributes(out, attributes);
  });
}
