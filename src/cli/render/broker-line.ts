import type { BrokerFacts } from "../../daemon/status-facts.ts";
import { formatCount, formatMany } from "../../kernel/readable.ts";
import type { Look, Style } from "./terminal.ts";

const verbs: Record<BrokerFacts["role"], string> = { subscribe: "subscribed to", publish: "publishes to", announce: "announces to" };

const styles: Record<NonNullable<BrokerFacts["state"]>, Style> = {
  ready: "dim",
  connecting: "yellow",
  waiting: "yellow",
  blocked: "yellow",
  closed: "dim",
};

/** How it stands with one broker: where, whether it is there, and what is still to come or to be told. */
export function brokerLine(facts: BrokerFacts, look: Look): string {
  const { role, address, exchange, state, reason } = facts;
  const where = `${verbs[role]} ${address} ${exchange}`;
  const how = state === null || state === "closed" ? "not connected now" : state === "blocked" ? "the broker takes nothing" : state;
  const line = `${where}: ${[`${how}${reason === null ? "" : ` (${reason})`}`, ...numbers(facts)].join(", ")}`;
  return look.paint(state === null ? "dim" : styles[state], line);
}

function numbers({ role, queue, counts, owed }: BrokerFacts): string[] {
  const found: string[] = [];
  if (queue !== null) {
    const { messages, consumers, waiting, dead } = queue;
    if (messages !== null) found.push(`${formatMany(messages, "message")} in ${queue.name}`);
    if (consumers !== null) found.push(formatMany(consumers, "consumer"));
    if ((waiting ?? 0) > 0) found.push(`${formatCount(waiting ?? 0)} come again later`);
    if ((dead ?? 0) > 0) found.push(`${formatMany(dead ?? 0, "dead letter")} with the broker`);
  }
  if (role === "publish" && counts["published"] !== undefined) found.push(`${formatCount(counts["published"])} published`);
  if ((counts["refused"] ?? 0) > 0) found.push(`${formatCount(counts["refused"] ?? 0)} refused`);
  if (owed !== null) found.push(owed === 0 ? "nothing owed" : `${formatMany(owed, "delivery", "deliveries")} to be told of`);
  return found;
}
