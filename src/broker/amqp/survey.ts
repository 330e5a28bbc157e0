import { messageOf } from "../../kernel/errors.ts";
import type { Connection } from "./link.ts";
import { declareExchange, declareQueue, deadQueueOf, type ExchangeSpec, type QueueSpec, replyCode } from "./topology.ts";

/** `differs`: how what is there is not as it is wanted; null: it is as wanted, or nobody may ask. */
export type ExchangeSurvey = { there: false } | { there: true; differs: string | null };
export type QueueSurvey = { there: false } | { there: true; differs: string | null; messages: number; consumers: number; dead: number };

export async function surveyExchange(connection: Connection, spec: ExchangeSpec): Promise<ExchangeSurvey> {
  const found = await asked(connection, async (channel) => channel.checkExchange(spec.name));
  if (!found.ok) return { there: false };
  // To declare what is there changes nothing.
  return { there: true, differs: differenceOf(await asked(connection, (channel) => declareExchange(channel, spec))) };
}

export async function surveyQueue(connection: Connection, spec: QueueSpec): Promise<QueueSurvey> {
  const found = await asked(connection, async (channel) => channel.checkQueue(spec.name));
  if (!found.ok) return { there: false };
  const dead = await asked(connection, async (channel) => channel.checkQueue(deadQueueOf(spec.name)));
  // Without its bindings: those would be made.
  const declared = await asked(connection, (channel) => declareQueue(channel, { ...spec, bindings: [] }));
  const { messageCount: messages, consumerCount: consumers } = found.value;
  return { there: true, differs: differenceOf(declared), messages, consumers, dead: dead.ok ? dead.value.messageCount : 0 };
}

type Asked<Value> = { ok: true; value: Value } | { ok: false; error: unknown };
type Channel = Awaited<ReturnType<Connection["model"]["createChannel"]>>;

async function asked<Value>(connection: Connection, ask: (channel: Channel) => Promise<Value>): Promise<Asked<Value>> {
  const channel = await connection.model.createChannel();
  channel.on("error", () => {});
  try {
    const value = await ask(channel);
    await channel.close();
    return { ok: true, value };
  } catch (error) {
    if (connection.ended.aborted) throw error;
    return { ok: false, error };
  }
}

function differenceOf(declared: Asked<unknown>): string | null {
  if (declared.ok || replyCode(declared.error) !== 406) return null;
  // The broker's own words, without what amqplib puts around them.
  return /PRECONDITION_FAILED - ([^"]*)/.exec(messageOf(declared.error))?.[1] ?? messageOf(declared.error).slice(0, 300);
}
