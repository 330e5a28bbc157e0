import { violation, type Fields } from "./fields.ts";
import { packet, PROTOCOL_VERSION } from "./protocol.ts";

/** The names of the extensions that the server offers, each with what it says about them (a version, mostly). */
export type Extensions = ReadonlyMap<string, string>;

/** SSH_FXP_INIT (§4): the one packet without a request id. */
export function encodeInit(): Buffer {
  const bytes = Buffer.alloc(9);
  bytes.writeUInt32BE(5, 0);
  bytes[4] = packet.init;
  bytes.writeUInt32BE(PROTOCOL_VERSION, 5);
  return bytes;
}

/** SSH_FXP_VERSION (§4), after its type. A server of a lower version than 3 is not served. */
export function readVersion(fields: Fields): Extensions {
  const version = fields.u32();
  if (version !== PROTOCOL_VERSION) throw violation(`the server speaks SFTP version ${version}, not 3`);
  const extensions = new Map<string, string>();
  while (fields.remainingBytes > 0) {
    const name = fields.text();
    extensions.set(name, fields.text());
  }
  return extensions;
}
