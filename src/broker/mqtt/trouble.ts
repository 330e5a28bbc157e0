import { redact } from "../../kernel/redact.ts";
import type { LinkTrouble } from "../amqp/link-state.ts";

/** The reason codes of MQTT 5 (section 2.4) that somebody may see, in words. */
const reasons: Record<number, string> = {
  0x00: "it said goodbye",
  0x80: "it does not say why",
  0x81: "it could not read what we said",
  0x82: "we broke the protocol",
  0x83: "it cannot do that",
  0x84: "it does not speak MQTT 5",
  0x85: "it does not take the client identifier",
  0x86: "the user or the password is wrong",
  0x87: "it is not for this user",
  0x88: "it is not available",
  0x89: "it is busy",
  0x8a: "this user is banned",
  0x8b: "it shuts down",
  0x8d: "it heard nothing of us",
  0x8e: "somebody else connected under the same client identifier",
  0x8f: "it does not take the topic filter",
  0x90: "it does not take the topic",
  0x93: "too many messages were under way",
  0x95: "the message is too large for it",
  0x97: "its quota is used up",
  0x98: "somebody told it to",
  0x99: "the message is not what it says it is",
  0x9a: "it keeps no retained messages",
  0x9b: "it takes no messages of this quality of service",
  0x9e: "it has no shared subscriptions",
  0x9f: "too many connections come",
  0xa1: "it has no subscription identifiers",
  0xa2: "it has no wildcards",
};

/** Two that are called the same would throw each other out for ever, so whoever is thrown out waits as for a wrong password. */
const TAKEN_OVER = 0x8e;
const NOT_AUTHORIZED = 0x87;

/** `said`: the broker's own words, where it has some. */
export function reasonText(code: number, said: string | null = null): string {
  const known = reasons[code] ?? "for a reason that MQTT 5 does not name";
  const words = said === null || said === "" ? "" : `: ${redact(said).slice(0, 200)}`;
  return `${known} (0x${code.toString(16).padStart(2, "0")})${words}`;
}

/** `established`: the connection was there, and the broker ended it; else it did not take us. */
export function troubleOfRefusal(code: number, said: string | null, established: boolean): LinkTrouble {
  // mosquitto says of a wrong password that the user may not.
  const detail =
    code === NOT_AUTHORIZED && !established ? `the user or the password is wrong, or ${reasonText(code, said)}` : reasonText(code, said);
  if (established) return { trouble: code === TAKEN_OVER ? "login-refused" : "closed-by-broker", detail };
  return { trouble: [0x89, 0x88, 0x8b, 0x9f].includes(code) ? "unreachable" : "login-refused", detail };
}
