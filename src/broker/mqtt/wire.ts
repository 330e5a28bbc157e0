import { readFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { generate, type IConnackPacket, type Packet, parser } from "mqtt-packet";
import type { Clock, SteadyMs } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { redact } from "../../kernel/redact.ts";
import type { BrokerAddress } from "../amqp/address.ts";
import type { Credentials } from "../amqp/credentials.ts";
import type { LinkTrouble } from "../amqp/link-state.ts";
import { troubleOf } from "../amqp/link-state.ts";
import { type Arrival, arrivalOf, connectPacket, protocol, type Publication, publishPacket, type Session } from "./packets.ts";
import { reasonText, troubleOfRefusal } from "./trouble.ts";
import { type Answer, UnderWay } from "./under-way.ts";

export type WireSettings = {
  address: BrokerAddress;
  /** The only authorities that a broker's certificate may be of; null: the system's. */
  caFile: string | null;
  session: Session;
  connectTimeoutMs: number;
  /** Both sides say something at least this often; a broker that is silent for one and a half of them is gone. */
  heartbeatS: number;
  /** A broker that answers heartbeats and not this is given up. */
  confirmTimeoutMs: number;
  clock: Clock;
};

export const wireDefaults = { connectTimeoutMs: 10_000, heartbeatS: 10, confirmTimeoutMs: 30_000 } as const;

export type OnArrival = (wire: Wire, arrival: Arrival) => void;
export type Opened = { ok: true; wire: Wire } | { ok: false; trouble: LinkTrouble };

/** So many are under way at most, however many the broker would take. */
const WINDOW_MAX = 1000;
const CLOSE_TIMEOUT_MS = 2000;

/**
 * One connection, from its greeting to its end; `link.ts` makes the next. The packets are mqtt-packet's to read and write. Nothing is
 * acknowledged by itself, and in whatever order the work ends (decision 15: what mqtt.js does not do).
 */
export class Wire {
  readonly #settings: WireSettings;
  readonly #socket: Socket;
  readonly #end = new AbortController();
  readonly #parser = parser(protocol);
  readonly #onArrival: OnArrival;
  readonly #underWay = new UnderWay();
  readonly #greeting = Promise.withResolvers<IConnackPacket>();
  #packetBytesMax = Number.POSITIVE_INFINITY;
  #established = false;
  #sessionPresent = false;
  #heardMs: SteadyMs;
  #trouble: LinkTrouble = { trouble: "lost", detail: "the connection ended" };

  /** Never rejects: what went wrong is the answer. */
  static async open(settings: WireSettings, credentials: Credentials, onArrival: OnArrival, signal: AbortSignal): Promise<Opened> {
    const { address, caFile, connectTimeoutMs } = settings;
    const { host, port, tls } = address;
    let wire: Wire | null = null;
    const giveUp = (why: string) => (): void => wire?.finish({ trouble: "unreachable", detail: why });
    const stop = giveUp("it was closed by us");
    const timer = setTimeout(giveUp(`it did not answer within ${connectTimeoutMs} ms`), connectTimeoutMs);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const ca = caFile === null ? {} : { ca: [await readFile(caFile)] };
      signal.throwIfAborted();
      const socket = tls ? connectTls({ host, port, ...serverName(host), ...ca }) : connectTcp({ host, port });
      wire = new Wire(settings, socket, onArrival);
      socket.once(tls ? "secureConnect" : "connect", () => wire?.send(connectPacket(settings.session, settings.heartbeatS, credentials)));
      const refused = wire.#greeted(await wire.#greeting.promise);
      if (refused === null) return { ok: true, wire };
      wire.finish(refused);
      return { ok: false, trouble: refused };
    } catch (error) {
      return { ok: false, trouble: wire?.trouble ?? troubleOf(error, false) };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  private constructor(settings: WireSettings, socket: Socket, onArrival: OnArrival) {
    this.#settings = settings;
    this.#socket = socket;
    this.#onArrival = onArrival;
    this.#heardMs = settings.clock.steady();
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
    socket.on("error", (error) => this.finish(troubleOf(error, this.#established)));
    socket.on("close", () => this.finish({ trouble: this.#established ? "lost" : "unreachable", detail: "the connection ended" }));
    this.#parser.on("packet", (packet) => this.#take(packet));
    this.#parser.on("error", (error) => this.#unreadable(error));
  }

  /** Aborts when the connection is gone. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  /** Why it ended. */
  get trouble(): LinkTrouble {
    return this.#trouble;
  }

  /** The broker knew us: what it kept for us comes now. */
  get sessionPresent(): boolean {
    return this.#sessionPresent;
  }

  async publish(publication: Publication): Promise<Exclude<Answer, { answer: "granted" }>> {
    if (!(await this.#underWay.place())) return { answer: "not-sent", detail: "there is no connection" };
    try {
      const messageId = this.#underWay.freeId();
      const bytes = generate(publishPacket(publication, messageId), protocol);
      if (bytes.byteLength > this.#packetBytesMax) return { answer: "code", code: 0x95, detail: reasonText(0x95) };
      const answer = await this.#ask(messageId, bytes);
      return answer.answer === "granted" ? { answer: "unknown", detail: "the broker answered something else" } : answer;
    } finally {
      this.#underWay.leave();
    }
  }

  /** The reason why a filter was not granted; null: all are. `unkept`: what comes for them is sent once, and never kept. */
  async subscribe(filters: readonly string[], unkept: readonly string[] = [], { retained = true } = {}): Promise<string | null> {
    const messageId = this.#underWay.freeId();
    const subscription = (qos: 0 | 1) => (topic: string) => ({ topic, qos, nl: false, rap: true, rh: retained ? 0 : 2 });
    const subscriptions = [...filters.map(subscription(1)), ...unkept.map(subscription(0))];
    const answer = await this.#ask(messageId, generate({ cmd: "subscribe", messageId, subscriptions }, protocol));
    if (answer.answer !== "granted") return answer.detail;
    const at = answer.codes.findIndex((code, index) => code !== subscriptions[index]?.qos);
    const code = answer.codes[at];
    if (code === undefined) return null;
    return `subscribe to ${subscriptions[at]?.topic ?? ""}: ${code < 0x80 ? "only without acknowledgements" : reasonText(code)}`;
  }

  /** Null: nothing comes for them any more, but what the broker has taken for us already. */
  async unsubscribe(filters: readonly string[]): Promise<string | null> {
    const messageId = this.#underWay.freeId();
    const answer = await this.#ask(messageId, generate({ cmd: "unsubscribe", messageId, unsubscriptions: [...filters] }, protocol));
    return answer.answer === "granted" ? null : answer.detail;
  }

  /** False: the connection is gone, and the message comes again. */
  acknowledge({ messageId }: Arrival): boolean {
    if (this.ended.aborted) return false;
    if (messageId !== null) this.send({ cmd: "puback", messageId, reasonCode: 0 });
    return true;
  }

  /** Says goodbye, and hangs up where nobody answers. `forget`: the broker keeps nothing of us any more. */
  async close(options: { forget?: boolean } = {}): Promise<void> {
    if (this.ended.aborted) return;
    const gone = new Promise<void>((resolve) => this.ended.addEventListener("abort", () => resolve(), { once: true }));
    this.send({ cmd: "disconnect", reasonCode: 0, ...(options.forget === true ? { properties: { sessionExpiryInterval: 0 } } : {}) });
    this.#socket.end();
    const timer = setTimeout(() => this.finish({ trouble: "lost", detail: "it was closed by us" }), CLOSE_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
  }

  send(packet: Packet): void {
    if (!this.ended.aborted) this.#write(generate(packet, protocol));
  }

  /** What is said in one turn of the loop goes out as one: acknowledgements are of a few bytes each. */
  #write(bytes: Buffer): void {
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    this.#socket.write(bytes);
  }

  /** The first reason is the one that is told. */
  finish(trouble: LinkTrouble): void {
    if (this.ended.aborted) return;
    this.#trouble = trouble;
    this.#end.abort(new Error(trouble.detail));
    this.#greeting.reject(this.ended.reason);
    this.#socket.destroy();
    this.#underWay.end(trouble.detail);
  }

  /** Null: we are in. */
  #greeted({ properties, reasonCode = 0x80, sessionPresent }: IConnackPacket): LinkTrouble | null {
    if (reasonCode !== 0) return troubleOfRefusal(reasonCode, properties?.reasonString ?? null, false);
    // What we cannot do without: acknowledgements, and queues that hosts share.
    if (properties?.maximumQoS === 0) return troubleOfRefusal(0x9b, null, false);
    if (properties?.sharedSubscriptionAvailable === false) return troubleOfRefusal(0x9e, null, false);
    this.#established = true;
    this.#sessionPresent = sessionPresent;
    this.#underWay.open(Math.min(properties?.receiveMaximum || WINDOW_MAX, WINDOW_MAX));
    this.#packetBytesMax = properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    // 0: the broker wants no heartbeat; we want to know whether it is there.
    this.#watch((properties?.serverKeepAlive || this.#settings.heartbeatS) * 1000);
    return null;
  }

  /** Speaks when there is nothing to say, and listens whether anybody is there. */
  #watch(heartbeatMs: number): void {
    const { clock, confirmTimeoutMs } = this.#settings;
    const timer = setInterval(() => {
      const now = clock.steady();
      const { oldestMs } = this.#underWay;
      if (now - this.#heardMs > heartbeatMs * 1.5) this.#lose(`nothing was heard for ${heartbeatMs * 1.5} ms`);
      else if (oldestMs !== null && now - oldestMs > confirmTimeoutMs)
        this.#lose(`the broker did not confirm within ${confirmTimeoutMs} ms`);
      else this.send({ cmd: "pingreq" });
    }, heartbeatMs / 2);
    this.ended.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  #lose(detail: string): void {
    this.finish({ trouble: this.#established ? "lost" : "unreachable", detail });
  }

  #unreadable(error: unknown): void {
    this.#lose(`what came is not MQTT 5: ${redact(messageOf(error)).slice(0, 200)}`);
  }

  #read(bytes: Buffer): void {
    this.#heardMs = this.#settings.clock.steady();
    try {
      this.#parser.parse(bytes);
    } catch (error) {
      this.#unreadable(error);
    }
  }

  #take(packet: Packet): void {
    if (this.ended.aborted) return;
    switch (packet.cmd) {
      case "connack":
        return this.#greeting.resolve(packet);
      case "publish":
        return this.#onArrival(this, arrivalOf(packet));
      case "puback": {
        const { messageId, reasonCode: code = 0, properties } = packet;
        return this.#underWay.settle(messageId, { answer: "code", code, detail: reasonText(code, properties?.reasonString ?? null) });
      }
      case "suback":
      case "unsuback":
        return this.#underWay.settle(packet.messageId, { answer: "granted", codes: packet.granted.map(Number) });
      case "disconnect":
        return this.finish(troubleOfRefusal(packet.reasonCode ?? 0, packet.properties?.reasonString ?? null, true));
      default:
    }
  }

  async #ask(messageId: number, bytes: Buffer): Promise<Answer> {
    if (this.ended.aborted) return { answer: "not-sent", detail: "there is no connection" };
    const answer = this.#underWay.answerTo(messageId, this.#settings.clock.steady());
    this.#write(bytes);
    return answer;
  }
}

/** An address has no name that a certificate could be asked for by SNI. */
function serverName(host: string): { servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}
