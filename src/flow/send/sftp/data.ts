import type { Bytes } from "../../../kernel/path.ts";
import { packet } from "./protocol.ts";
import { type Handle, type Request, statusRequest } from "./request.ts";

const NOTHING = Buffer.alloc(0);

/** SSH_FXP_WRITE (§6.4). `bytes` must stay as they are until the answer. */
export function writeRequest(handle: Handle, path: Bytes, offset: number, bytes: Uint8Array): Request<void> {
  return statusRequest(
    "write",
    path,
    (out, id) => {
      out.begin(packet.write, id, 4 + handle.length + 8 + 4, bytes.length);
      out.text(handle);
      out.u64(offset);
      out.payload(bytes);
    },
    bytes.length,
  );
}

/** SSH_FXP_READ (§6.4): at most `lengthBytes`; nothing at the end of the file. */
export function readRequest(handle: Handle, path: Bytes, offset: number, lengthBytes: number): Request<Buffer> {
  return {
    operation: "read",
    path,
    costBytes: lengthBytes,
    answer: packet.data,
    decode: (fields) => fields.data(),
    endOfFile: NOTHING,
    encode(out, id) {
      out.begin(packet.read, id, 4 + handle.length + 8 + 4);
      out.text(handle);
      out.u64(offset);
      out.u32(lengthBytes);
    },
  };
}
