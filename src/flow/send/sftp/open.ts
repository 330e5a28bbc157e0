import type { Bytes } from "../../../kernel/path.ts";
import type { Attributes } from "../contract.ts";
import { attributesBytes, writeAttributes } from "./attributes.ts";
import { packet } from "./protocol.ts";
import { encodeText, type Handle, type Request, statusRequest, wirePath } from "./request.ts";

/** SSH_FXP_OPEN (§6.3), answered by a handle. */
export function openRequest(path: Bytes, flags: number, attributes: Attributes): Request<Handle> {
  const name = wirePath(path);
  return {
    operation: "open",
    path,
    costBytes: 0,
    answer: packet.handle,
    decode: (fields) => fields.text(),
    encode(out, id) {
      out.begin(packet.open, id, 4 + name.length + 4 + attributesBytes(attributes));
      out.text(name);
      out.u32(flags);
      writeAttributes(out, attributes);
    },
  };
}

/** SSH_FXP_CLOSE (§6.3). The handle is gone whatever the answer. */
export function closeRequest(handle: Handle, path: Bytes): Request<void> {
  return statusRequest("close", path, encodeText(packet.close, handle));
}
