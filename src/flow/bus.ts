import type { Bytes } from "../kernel/path.ts";
import type { Digest } from "./digest.ts";
import type { PublishSettings, SubscriptionSettings } from "./settings.ts";
import type { Change } from "./transfer.ts";

/** What flows need of a message broker; `broker/` does it for RabbitMQ and for MQTT. Nothing here keeps anything: the ledger does. */
export interface Bus extends AsyncDisposable {
  announcer(settings: PublishSettings, name: string): Announcer;
  subscribe(settings: SubscriptionSettings, name: string, handle: Handle): Subscription;
  /** A body that was stored, read once more; null: it cannot be understood (any more). */
  read(body: Buffer): Told | null;
}

/** What one message tells. */
export type Told = {
  /** Its path is the message's relative path. A path in here never leads out of a base. */
  change: Change;
  /** Whether the size in `change.version` is the sender's word. */
  sizeKnown: boolean;
  /** A directory has a new name, and no message comes of what is in it. */
  allBelow: boolean;
  baseUrl: string;
  /** With base URL and path: which message it is, also when it comes again. */
  pubTimeNs: bigint;
  digest: Digest | null;
  /** The file itself, where it travels in the message. */
  content: Buffer | null;
  /** Who announced it. */
  source: string | null;
  /** As it came, for passing on. */
  body: Buffer;
};

export type Received = {
  told: Told;
  exchange: string;
  /** The broker gave it to somebody before, who did not finish it: what it asks for may be done already. */
  redelivered: boolean;
  /** How often it was told to come again. */
  returns: number;
};

/** What became of a message; durable before it is told, since the message is acknowledged in the next act. */
export type Handled =
  | { outcome: "done" }
  /** It comes back to any host after about so long; `counted`: as one that failed once more. */
  | { outcome: "again"; afterMs: number; reason: string; counted: boolean }
  | { outcome: "dead"; reason: string }
  /** Nothing became of it: the broker gives it to somebody else. */
  | { outcome: "hand-back" };

/** `signal` aborts when the message can no longer be acknowledged; whatever is done then, it comes again. */
export type Handle = (received: Received, signal: AbortSignal) => Promise<Handled>;

/** A message to be sent. `passedOn`: the body that it came by, all of whose fields stay; null: a new one. */
export type Announced = {
  /** Its path is the message's relative path, any prefix included. */
  change: Change;
  digest: Digest | null;
  pubTimeNs: bigint;
  /** In its place where the message that is passed on is no longer true, since the file has changed: that is another change. */
  ownPubTimeNs?: bigint;
  baseUrl: string;
  content: Buffer | null;
  passedOn: Buffer | null;
  preserve: { mode: boolean; mtime: boolean };
};

export type Published =
  | { outcome: "confirmed" }
  /** Nobody listens: no queue wants it, and the broker holds nothing of it. */
  | { outcome: "unrouted" }
  | { outcome: "refused"; detail: string }
  | { outcome: "not-sent"; detail: string }
  /** The broker may have it: publishing again may make a second. */
  | { outcome: "unknown"; detail: string };

/** How it stands with the broker, for `status`. */
export type BusState =
  | { state: "connecting" }
  | { state: "ready" }
  | { state: "waiting"; reason: string; untilMs: number }
  /** The broker takes nothing from us: its disk or memory is short. */
  | { state: "blocked"; reason: string }
  | { state: "closed" };

export interface Announcer extends AsyncDisposable {
  readonly state: BusState;
  /** Calls back at each change of the state; the answer takes the listener away. */
  onState(listener: () => void): () => void;
  /** Of one caller that waits for each outcome, in order. */
  publish(announced: Announced): Promise<Published>;
}

export type SubscriptionCounts = { received: number; done: number; again: number; dead: number; handedBack: number; refused: number };

/** null where the broker does not tell (MQTT). */
export type QueueFacts = { name: string; messages: number | null; consumers: number | null; waiting: number | null; dead: number | null };

export interface Subscription extends AsyncDisposable {
  readonly state: BusState;
  readonly counts: SubscriptionCounts;
  /** As last asked, at most some seconds ago. */
  readonly queue: QueueFacts;
  onState(listener: () => void): () => void;
  /** The oldest dead letters of the queue, of whichever host; they stay where they are. */
  deadLetters(limit: number): Promise<QueuedDeadLetter[]>;
  /** Gives dead letters back to the queue; null: all. Returns how many. */
  revive(paths: Bytes[] | null): Promise<number>;
}

/** `path` is null where the message could not be understood. */
export type QueuedDeadLetter = { path: Bytes | null; baseUrl: string | null; reason: string; diedAtMs: number | null };
