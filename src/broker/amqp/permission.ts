import type { Channel } from "amqplib";
import { messageOf } from "../../kernel/errors.ts";
import type { Connection } from "./link.ts";
import { replyCode } from "./topology.ts";

/** What one needs to be allowed; the broker's own words for it. */
export type Right = "configure" | "write" | "read";

export type RightAnswer =
  | { answer: "permitted" }
  | { answer: "refused"; detail: string }
  /** The broker checks the right only on what is there. */
  | { answer: "untold"; detail: string };

/**
 * Asks for a right without using it: each of these requests holds something that no broker takes, which it finds only after it has looked at the
 * right. So it answers 403 where the right lacks, and another refusal where it is there, and nothing is made, changed, sent or taken.
 */
export async function askRight(connection: Connection, right: Right, object: Asked): Promise<RightAnswer> {
  const channel = await connection.model.createConfirmChannel();
  const closed = Promise.withResolvers<unknown>();
  channel.on("error", (error) => closed.resolve(error));
  channel.on("close", () => closed.resolve(null));
  try {
    await question(channel, right, object);
    // The answer to what has none of its own is the end of the channel.
    await channel.checkExchange("amq.topic");
    await channel.close();
    return { answer: "permitted" };
  } catch (error) {
    if (connection.ended.aborted) throw error;
    return answerOf((await closed.promise) ?? error, object);
  }
}

/** `queue`: one of ours, since to read from an exchange is to bind a queue to it. */
export type Asked = { kind: "queue"; name: string } | { kind: "exchange"; name: string; queue?: string };

/** Where the name of an exchange belongs, a number. */
const noName = { "alternate-exchange": 0, "x-dead-letter-exchange": 0 };
/** Nothing is bound by this key: that is found last. */
const NO_KEY = "hotdir asks";

async function question(channel: Channel, right: Right, object: Asked): Promise<void> {
  const { kind, name } = object;
  switch (`${right} ${kind}` as const) {
    case "configure exchange":
      return void (await channel.assertExchange(name, "topic", { durable: true, arguments: noName }));
    case "configure queue":
      return void (await channel.assertQueue(name, { durable: true, arguments: noName }));
    case "write exchange":
      return void channel.publish(name, "", Buffer.alloc(0), { expiration: "never" });
    case "write queue":
      return void (await channel.unbindQueue(name, "amq.topic", NO_KEY));
    case "read exchange":
      return void (await channel.unbindQueue("queue" in object ? (object.queue ?? "") : "", name, NO_KEY));
    case "read queue":
      return void (await channel.consume(name, () => {}, { arguments: { "x-priority": "none" } }));
  }
}

function answerOf(error: unknown, { kind, name }: Asked): RightAnswer {
  const detail = messageOf(error).slice(0, 300);
  const code = replyCode(error);
  // A refusal may be about the other end of a binding, which is looked at last of the two where this one is a queue, and first where it is not.
  if (code === 403 && detail.includes(`${kind} '${name}'`)) return { answer: "refused", detail };
  if (code === 403) return kind === "queue" ? { answer: "permitted" } : { answer: "untold", detail };
  return code === 406 || code === 404 ? { answer: "permitted" } : { answer: "untold", detail };
}
