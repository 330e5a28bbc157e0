import type { Readable, Writable } from "node:stream";
import { HotdirError, messageOf } from "../../../kernel/errors.ts";
import { Fields, violation } from "./fields.ts";
import { InFlight, type Pending } from "./in-flight.ts";
import { Outgoing } from "./outgoing.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketWriter } from "./packet-writer.ts";
import { packet, status } from "./protocol.ts";
import type { Request } from "./request.ts";
import { errorOfStatus } from "./status.ts";
import { encodeInit, type Extensions, readVersion } from "./version.ts";

export type SessionOptions = {
  /** What the server says. */
  input: Readable;
  /** What it hears. */
  output: Writable;
  /** Asked once when the streams end by themselves: why, as well as anybody knows. Must settle within a bound. */
  explainEnd?: (cause: string) => Promise<HotdirError>;
  /** A request is outstanding and no byte moves for so long: the session ends with `connection-stalled`. */
  stallMs?: number;
  requestsMax?: number;
  /** Payload bytes in flight. More than an SSH channel's window (2 MiB), so that it is always full. */
  bytesMax?: number;
};

/** Longer paths would be refused anyway; this keeps a packet of names below what servers read. */
const PATH_BYTES_MAX = 64 * 1024;

/**
 * Many requests in flight over one pair of streams. `send` may be called at any time; beyond the
 * limits requests wait in the order of the calls. Requests go out in that order, and a server
 * applies those about one file in that order (§6.1). Answers come in any order.
 */
export class SftpSession {
  readonly ended: Promise<Error | null>;
  #extensions: Extensions = new Map();
  readonly #options: SessionOptions;
  readonly #inFlight: InFlight;
  readonly #writer = new PacketWriter();
  readonly #outgoing: Outgoing;
  readonly #reader = new PacketReader((buffer, start, end, owned) => this.#onPacket(buffer, start, end, owned));
  readonly #fields = new Fields();
  #waiting: Pending[] = [];
  #waitingFrom = 0;
  #greeting: { resolve: () => void; reject: (error: Error) => void } | null = null;
  /** The streams are gone; what is asked for now waits for the reason. */
  #ending = false;
  #failure: Error | null = null;
  #settleEnded!: (reason: Error | null) => void;
  #movedAtMs = 0;
  readonly #watchdog: NodeJS.Timeout;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#inFlight = new InFlight({ requests: options.requestsMax ?? 3072, bytes: options.bytesMax ?? 4 * 1024 * 1024 });
    this.#outgoing = new Outgoing(this.#writer, options.output, () => this.#moved());
    this.ended = new Promise((resolve) => (this.#settleEnded = resolve));
    const stallMs = options.stallMs ?? 60_000;
    this.#watchdog = setInterval(() => this.#checkStall(stallMs), Math.max(stallMs / 8, 5)).unref();
    options.input.on("data", (chunk: Buffer) => this.#onData(chunk));
    options.input.on("end", () => this.#onStreamEnd("the stream ended"));
    options.input.on("close", () => this.#onStreamEnd("the stream was closed"));
    options.input.on("error", (error) => this.#onStreamEnd(messageOf(error)));
    options.output.on("error", (error) => this.#onStreamEnd(messageOf(error)));
    options.output.on("close", () => this.#onStreamEnd("the stream was closed"));
  }

  /** What the server offers; known after `greet`. */
  get extensions(): Extensions {
    return this.#extensions;
  }

  /** INIT and VERSION (§4), before anything else. A login goes before, so how long it may take is for the caller to bound (`end`). */
  greet(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#greeting = { resolve, reject };
      if (this.#failure !== null) this.#endGreeting(this.#failure);
      else if (!this.#options.output.destroyed) this.#options.output.write(encodeInit());
    });
  }

  send<Result>(request: Request<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const pending = { request, resolve, reject } as Pending;
      if (this.#failure !== null) reject(this.#failure);
      else if (request.path !== undefined && isUnsendable(request.path)) reject(unsendable(request));
      else if (this.#ending || this.#waitingFrom < this.#waiting.length || !this.#inFlight.hasRoom(request.costBytes))
        this.#waiting.push(pending);
      else this.#issue(pending);
    });
  }

  /** Ends the session; whatever is outstanding rejects with `reason`, or with `connection-lost` where there is none. */
  end(reason: Error | null): void {
    if (this.#failure !== null) return;
    this.#outgoing.flush();
    this.#failure = reason ?? new HotdirError("connection-lost", { operation: "send", detail: "the lane was closed" });
    clearInterval(this.#watchdog);
    this.#settleEnded(reason);
    this.#endGreeting(this.#failure);
    const waiting = this.#waiting.splice(this.#waitingFrom);
    for (const pending of this.#inFlight.takeAll()) pending.reject(this.#failure);
    for (const pending of waiting) pending.reject(this.#failure);
  }

  #issue(pending: Pending): void {
    if (this.#inFlight.count === 0) this.#moved();
    pending.request.encode(this.#writer, this.#inFlight.add(pending));
    this.#outgoing.packetAdded();
  }

  #issueWaiting(): void {
    while (this.#waitingFrom < this.#waiting.length) {
      const next = this.#waiting[this.#waitingFrom]!;
      if (this.#ending || !this.#inFlight.hasRoom(next.request.costBytes)) break;
      this.#waitingFrom++;
      this.#issue(next);
    }
    if (this.#waitingFrom > 1024 || this.#waitingFrom === this.#waiting.length) {
      this.#waiting.splice(0, this.#waitingFrom);
      this.#waitingFrom = 0;
    }
  }

  #onData(chunk: Buffer): void {
    if (this.#failure !== null) return;
    this.#moved();
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.end(error instanceof HotdirError ? error : violation(messageOf(error)));
      return;
    }
    if (this.#waiting.length > 0) this.#issueWaiting();
  }

  #onPacket(buffer: Buffer, start: number, end: number, owned: boolean): void {
    const type = buffer[start]!;
    const fields = this.#fields;
    fields.reset(buffer, start + 1, end, owned);
    if (this.#greeting !== null) return this.#onGreeting(type, fields);
    const id = fields.u32();
    const pending = this.#inFlight.take(id);
    if (pending === null) throw violation(`an answer to request ${id}, which is not outstanding`);
    try {
      answer(pending, type, fields);
    } catch (error) {
      pending.reject(error as Error);
      throw error;
    }
  }

  #onGreeting(type: number, fields: Fields): void {
    if (type !== packet.version) throw violation(`packet ${type} in place of the version`);
    this.#extensions = readVersion(fields);
    this.#greeting?.resolve();
    this.#greeting = null;
  }

  #endGreeting(error: Error): void {
    this.#greeting?.reject(error);
    this.#greeting = null;
  }

  #onStreamEnd(cause: string): void {
    if (this.#ending || this.#failure !== null) return;
    this.#ending = true;
    const lost = () => new HotdirError("connection-lost", { operation: "send", detail: cause });
    const explained = this.#options.explainEnd?.(cause) ?? Promise.resolve(lost());
    explained.then(
      (error) => this.end(error),
      () => this.end(lost()),
    );
  }

  #moved(): void {
    this.#movedAtMs = performance.now();
  }

  #checkStall(stallMs: number): void {
    if (this.#inFlight.count === 0 || this.#ending || performance.now() - this.#movedAtMs < stallMs) return;
    this.end(new HotdirError("connection-stalled", { operation: "send", detail: `no byte moved for ${stallMs / 1000} s` }));
  }
}

/** Settles the request; throws only where the packet is none that may answer it. */
function answer(pending: Pending, type: number, fields: Fields): void {
  const { request } = pending;
  if (type === request.answer && type !== packet.status) return pending.resolve(request.decode(fields));
  if (type !== packet.status) throw violation(`packet ${type} in answer to "${request.operation}"`);
  const code = fields.u32();
  if (code === status.ok && request.answer === packet.status) pending.resolve(undefined);
  else if (code === status.endOfFile && request.endOfFile !== undefined) pending.resolve(request.endOfFile);
  else if (code === status.ok) throw violation(`status OK without the answer to "${request.operation}"`);
  else pending.reject(errorOfStatus(code, fields, request));
}

/** A server would cut the path at a NUL, and OpenSSH's ends the connection over it. */
function isUnsendable(path: string): boolean {
  return path.length > PATH_BYTES_MAX || path.includes("\0");
}

function unsendable(request: Request<unknown>): HotdirError {
  return new HotdirError("name-refused", {
    operation: request.operation,
    path: request.path!,
    detail: "no path holds a NUL or so many bytes",
  });
}
