import type { Bytes } from "../../../kernel/path.ts";
import type { Fields } from "./fields.ts";
import type { PacketWriter } from "./packet-writer.ts";
import { packet } from "./protocol.ts";

/**
 * One request as data: how it is encoded, and what its answer means. The packet families make them,
 * the session sends them. A STATUS other than OK rejects, whatever was expected (§7).
 */
export type Request<Result> = {
  /** For errors: the verb and what it was about. */
  operation: string;
  path?: Bytes;
  /** Counted against the bytes in flight: the payload, or what the answer will carry. */
  costBytes: number;
  /** The type of the good answer; for `packet.status` that is status OK, and `decode` sees no fields. */
  answer: number;
  decode(fields: Fields): Result;
  /** What status EOF means for READ and READDIR; without it EOF is an error. */
  endOfFile?: Result;
  encode(out: PacketWriter, id: number): void;
};

/** An opaque string of the server (§6.3). */
export type Handle = Bytes;

type Encode = Request<unknown>["encode"];

export function done(): void {}

/** A request that is answered by a bare status. */
export function statusRequest(operation: string, path: Bytes | undefined, encode: Encode, costBytes = 0): Request<void> {
  return path === undefined
    ? { operation, costBytes, answer: packet.status, decode: done, encode }
    : { operation, path, costBytes, answer: packet.status, decode: done, encode };
}

/** A request whose body is one string: a path or a handle. */
export function encodeText(type: number, text: Bytes): Encode {
  return (out, id) => {
    out.begin(type, id, 4 + text.length);
    out.text(text);
  };
}

/** The empty path is the remote home; servers know that as a dot. */
export function wirePath(path: Bytes): Bytes {
  return path === "" ? ("." as Bytes) : path;
}
