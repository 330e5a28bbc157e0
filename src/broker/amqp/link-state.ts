import { errnoOf, messageOf } from "../../kernel/errors.ts";
import { redact } from "../../kernel/redact.ts";
import { type CredentialsFault, credentialsFaultText } from "./credentials.ts";

/** Why a connection is not there. Nobody is to act upon the first three; a person is, upon the others. */
export type LinkTrouble = {
  trouble:
    | "unreachable"
    /** It was there, and is no more; also when nothing was heard for two heartbeats. */
    | "lost"
    /** The broker ended it: it shuts down, or somebody told it to. */
    | "closed-by-broker"
    | "login-refused"
    /** No such vhost, or it is not for this user. */
    | "vhost-refused"
    /** Its certificate is not one of the authorities that we trust, or not for this host. */
    | "certificate-refused"
    | "no-credentials";
  detail: string;
};

export type LinkState =
  /** `trouble`: why it is not there yet; null: it was not tried before. */
  | { state: "connecting"; sinceMs: number; failures: number; trouble: LinkTrouble | null }
  | { state: "ready"; sinceMs: number; server: string }
  /** The broker takes nothing from us: its disk or memory is short. `reason` is its word. */
  | { state: "blocked"; sinceMs: number; server: string; reason: string }
  | { state: "waiting"; sinceMs: number; untilMs: number; failures: number; trouble: LinkTrouble }
  | { state: "closed" };

/** From whatever amqplib, Node's sockets or TLS threw. */
export function troubleOf(error: unknown, established: boolean): LinkTrouble {
  const detail = redact(messageOf(error)).slice(0, 300);
  const code = errnoOf(error) ?? "";
  if (/CERT|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)|ERR_TLS/.test(code))
    return { trouble: "certificate-refused", detail: `${code}: ${detail}` };
  if (/ACCESS[-_]REFUSED/.test(detail) && !established) return { trouble: "login-refused", detail };
  // amqplib does not say why the vhost was not opened; the broker closes there for one reason only.
  if (/Expected ConnectionOpenOk; got <ConnectionClose/.test(detail)) {
    return { trouble: "vhost-refused", detail: "there is no such vhost, or it is not for this user" };
  }
  if (/CONNECTION[-_]FORCED|Connection closed: \d+/.test(detail)) return { trouble: "closed-by-broker", detail };
  // Old brokers do not say why they refuse a login: they hang up within the handshake.
  if (/Socket closed abruptly/.test(detail)) return { trouble: established ? "lost" : "unreachable", detail };
  return { trouble: established ? "lost" : "unreachable", detail };
}

export function troubleOfCredentials(fault: CredentialsFault): LinkTrouble {
  return { trouble: "no-credentials", detail: credentialsFaultText(fault) };
}

/** A password that is wrong stays wrong for a while, and tries at it lock accounts: from here on it waits at least so long. */
export const REFUSED_WAIT_MIN_MS = 5000;

export function asksForAPerson(trouble: LinkTrouble): boolean {
  return ["login-refused", "vhost-refused", "certificate-refused", "no-credentials"].includes(trouble.trouble);
}
