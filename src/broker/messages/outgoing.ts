import type { Announced } from "../../flow/bus.ts";
import type { PublishSettings } from "../../flow/settings.ts";
import type { Change } from "../../flow/transfer.ts";
import { bodySchema } from "./body-schema.ts";
import { decodeMessage } from "./decode.ts";
import { fieldsOf, oldName, reannounced, withoutReserved } from "./encode.ts";
import { writeJson } from "./json-text.ts";
import { BODY_BYTES_MAX, type Message, wireProperties } from "./message.ts";
import { routingKeyOf } from "./routing.ts";
import { digestIn } from "./told.ts";

type Fields = Record<string, unknown>;

export type Outgoing =
  | { ok: true; exchange: string; routingKey: string; properties: typeof wireProperties; body: Buffer }
  | { ok: false; detail: string };

/** The message that an announcement becomes. `user`: who is announced as its source, where nobody else is asked for. */
export function outgoing(announced: Announced, settings: PublishSettings, user: string | null): Outgoing {
  const fields = fieldsFor(announced, settings, settings.source ?? user);
  const body = bodyWithin(fields);
  if (body === null) return { ok: false, detail: `the message would have more than ${BODY_BYTES_MAX} B` };
  const { key } = routingKeyOf(announced.change.path, settings.topicPrefix);
  return { ok: true, exchange: exchangeFor(fields, settings), routingKey: key, properties: wireProperties, body };
}

/** All that a publisher needs to be there: one exchange, or those that the messages are spread over. */
export function exchangesOf({ exchange, split }: Pick<PublishSettings, "exchange" | "split">): string[] {
  if (split <= 1) return [exchange];
  return Array.from({ length: split }, (_, index) => `${exchange}${String(index).padStart(2, "0")}`);
}

/** As sr3 spreads them: by the text of the identity, so that one content always goes the same way. */
function exchangeFor(fields: Fields, settings: PublishSettings): string {
  const exchanges = exchangesOf(settings);
  const identity = fields["identity"] as { value?: unknown } | undefined;
  const text = typeof identity?.value === "string" ? identity.value : String(fields["relPath"]);
  const sum = Buffer.from(text, "utf8").reduce((total, byte) => total + byte, 0);
  return exchanges[sum % exchanges.length] ?? settings.exchange;
}

function fieldsFor(announced: Announced, settings: PublishSettings, source: string | null): Fields {
  const { change, passedOn, baseUrl } = announced;
  const fresh = (): Fields => fieldsOf({ ...announced, source, headers: settings.headers });
  if (passedOn === null) return fresh();
  const decoded = decodeMessage({ contentType: wireProperties.contentType, body: passedOn });
  if (!decoded.ok) return fresh();
  const { message } = decoded;
  // A hard link's other name is where it came from.
  const isMovedLink = message.operation.does === "file" && message.operation.linked && baseUrl !== message.baseUrl;
  if (isMovedLink) return { ...fresh(), ...unknownFields(message.fields) };
  if (!stillTrue(message, announced)) {
    const pubTimeNs = announced.ownPubTimeNs ?? announced.pubTimeNs;
    return { ...fieldsOf({ ...announced, pubTimeNs, source, headers: settings.headers }), ...unknownFields(message.fields) };
  }
  const fields = { ...reannounced(message, { baseUrl, relPath: change.path, source }), ...withoutReserved(settings.headers) };
  // Where it can be fetched from now on, it has the name that was asked for.
  if (baseUrl !== message.baseUrl) for (const name of ["rename", "retrievePath", "retPath"]) delete fields[name];
  if (change.kind !== "rename") return fields;
  return { ...fields, fileOp: { ...(fields["fileOp"] as Fields), rename: oldName(change.from, baseUrl) } };
}

/** sr3 holds times as floating-point numbers. */
const PYTHON_TIME_NS = 1000;

/** Whether what the message said is what there is now: the file may have changed since, or be gone. */
function stillTrue(message: Message, { change, digest, baseUrl }: Announced): boolean {
  const { operation } = message;
  // Where its old name is, others may know.
  if (operation.does === "rename-directory" && change.kind === "mkdir") return baseUrl === message.baseUrl;
  if (operation.does !== doesOf(change)) return false;
  if (operation.does === "link") return change.kind === "link" && operation.target === change.target;
  if (operation.does !== "file") return true;
  const version = change.kind === "put" || change.kind === "rename" ? change.version : null;
  if (version === null || (operation.sizeBytes !== null && operation.sizeBytes !== version.sizeBytes)) return false;
  const told = digestIn(message);
  if (told !== null && digest !== null && told.algorithm === digest.algorithm) return told.hex === digest.hex;
  return operation.mtimeNs === null || Math.abs(Number(operation.mtimeNs - version.mtimeNs)) <= PYTHON_TIME_NS;
}

function doesOf(change: Change): Message["operation"]["does"] {
  if (change.kind === "put") return "file";
  if (change.kind === "rename") return change.directory || change.version === null ? "rename-directory" : "file";
  return change.kind === "delete" ? "remove" : change.kind;
}

function unknownFields(fields: Readonly<Fields>): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !Object.hasOwn(bodySchema.shape, name)));
}

/** Content travels in the message where there is room for it, as it is written; null: there is none even without. */
function bodyWithin(fields: Fields): Buffer | null {
  const { content, ...rest } = fields;
  for (const tried of content === undefined ? [rest] : [fields, rest]) {
    const body = Buffer.from(writeJson(tried), "ascii");
    if (body.byteLength <= BODY_BYTES_MAX) return body;
  }
  return null;
}
