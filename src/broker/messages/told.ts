import type { Told } from "../../flow/bus.ts";
import { changeOf } from "./change.ts";
import { decodeMessage } from "./decode.ts";
import type { Message } from "./message.ts";
import type { MessageRefusal } from "./refusal.ts";
import { wireProperties } from "./message.ts";

export type ToldRead = { ok: true; told: Told } | { ok: false; refusal: MessageRefusal };

/** What a message tells a flow. Its path is where the sender has it; where the sender wants it (`rename`) is not that. */
export function readTold(received: { contentType: string | undefined; body: Buffer }): ToldRead {
  const decoded = decodeMessage(received);
  if (!decoded.ok) return decoded;
  const { message } = decoded;
  const read = changeOf({ ...message, renameTo: null });
  if (!read.ok) return read;
  const { change, sizeKnown } = read;
  const file = message.operation.does === "file" ? message.operation : null;
  const told: Told = {
    change,
    sizeKnown,
    allBelow: message.operation.does === "rename-directory",
    baseUrl: message.baseUrl,
    pubTimeNs: message.pubTimeNs,
    digest: digestIn(message),
    content: file?.content ?? null,
    source: message.source,
    body: received.body,
  };
  return { ok: true, told };
}

/** A body that was stored; null: it is not understood (any more). */
export function readBody(body: Buffer): Told | null {
  const read = readTold({ contentType: wireProperties.contentType, body });
  return read.ok ? read.told : null;
}

/** The digest of the content that the message names; null: it names none that can be compared. */
export function digestIn({ operation }: Pick<Message, "operation">): Told["digest"] {
  if (operation.does !== "file") return null;
  return operation.identity?.method === "digest" ? operation.identity.digest : operation.digest;
}
