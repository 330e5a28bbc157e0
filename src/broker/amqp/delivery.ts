import type { Message } from "amqplib";

/** A message as it came from a queue. Its body may be anything. */
export type Delivery = {
  queue: string;
  /** Where it was first published, also when it comes back after a wait. */
  exchange: string;
  routingKey: string;
  contentType: string | undefined;
  contentEncoding: string | undefined;
  headers: Readonly<Record<string, unknown>>;
  body: Buffer;
  /** The broker gave it to somebody before, who did not acknowledge it: what it asks for may be done already. */
  redelivered: boolean;
  /** How often it was told to come again. */
  returns: number;
};

/** Ours, on messages that wait or are dead; sr3 reads none of them. */
export const ourHeaders = {
  returns: "x-hotdir-returns",
  /** When it may come again, in milliseconds since 1970 by the clock of whoever put it there. */
  dueMs: "x-hotdir-due",
  /** When it became a dead letter, by the same clock. */
  diedMs: "x-hotdir-died",
  reason: "x-hotdir-reason",
  exchange: "x-hotdir-exchange",
  routingKey: "x-hotdir-routing-key",
} as const;

/** More says nothing more, and has to be counted on. */
const RETURNS_MAX = 1_000_000;

export function deliveryOf(message: Message, queue: string): Delivery {
  const { fields, properties } = message;
  const headers: Record<string, unknown> = { ...properties.headers };
  const returns = headers[ourHeaders.returns];
  return {
    queue,
    exchange: textOr(headers[ourHeaders.exchange], fields.exchange),
    routingKey: textOr(headers[ourHeaders.routingKey], fields.routingKey),
    contentType: property(properties.contentType),
    contentEncoding: property(properties.contentEncoding),
    headers,
    body: message.content,
    redelivered: fields.redelivered,
    // Whoever may publish may write the header, too: a count that is none counts as the first.
    returns: typeof returns === "number" && Number.isSafeInteger(returns) && returns > 0 ? Math.min(returns, RETURNS_MAX) : 0,
  };
}

function textOr(value: unknown, other: string): string {
  return typeof value === "string" ? value : other;
}

/** amqplib types properties as `any`. */
function property(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
