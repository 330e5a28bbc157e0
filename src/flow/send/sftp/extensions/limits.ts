import type { Fields } from "../fields.ts";
import { packet, PACKET_BYTES_MAX, PIECE_BYTES_DEFAULT } from "../protocol.ts";
import type { Request } from "../request.ts";

export const LIMITS = "limits@openssh.com";

export type Limits = { readBytesMax: number; writeBytesMax: number; handlesMax: number };

/** For servers that do not tell. Sixty-four handles: every server that is known allows a hundred. */
export const defaultLimits: Limits = { readBytesMax: PIECE_BYTES_DEFAULT, writeBytesMax: PIECE_BYTES_DEFAULT, handlesMax: 64 };

const LARGEST_PIECE_BYTES = PACKET_BYTES_MAX - 2048;
const LARGEST_HANDLES = 4096;

/** PROTOCOL 4.8. */
export function limitsRequest(): Request<Limits> {
  return {
    operation: "ask for limits",
    costBytes: 0,
    answer: packet.extendedReply,
    decode: readLimits,
    encode(out, id) {
      out.begin(packet.extended, id, 4 + LIMITS.length);
      out.text(LIMITS);
    },
  };
}

/** max-packet-length max-read-length max-write-length max-open-handles; nought means that the server does not limit or does not know. */
function readLimits(fields: Fields): Limits {
  fields.u64();
  const readBytes = fields.u64();
  const writeBytes = fields.u64();
  const handles = fields.u64();
  return {
    readBytesMax: readBytes === 0 ? PIECE_BYTES_DEFAULT : Math.min(readBytes, LARGEST_PIECE_BYTES),
    writeBytesMax: writeBytes === 0 ? PIECE_BYTES_DEFAULT : Math.min(writeBytes, LARGEST_PIECE_BYTES),
    handlesMax: handles === 0 ? defaultLimits.handlesMax : Math.min(handles, LARGEST_HANDLES),
  };
}
