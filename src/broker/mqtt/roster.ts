import { z } from "zod";
import type { Clock, SteadyMs } from "../../kernel/clock.ts";
import { hostIdOf, hostTopicOf } from "./topics.ts";
import type { Publication } from "./packets.ts";

/** What is told of one host's session. Whoever may publish may write it. */
const entrySchema = z.object({
  state: z.enum(["here", "gone"]),
  /** Who serves the session: its own host, or one that empties it. */
  by: z.string().max(64),
  filters: z.array(z.string().max(65_535)).max(1000),
  /** By the clock of whoever says it. */
  saidAtMs: z.number(),
});
export type HostEntry = z.infer<typeof entrySchema>;

type Known = HostEntry & { heardMs: SteadyMs };

/** The session of nobody, which one of the hosts serves (`guard.ts`). */
export const GUARD_ID = "000000000000";

/** Whoever is here says so this often; the broker forgets the connections that it had when it ends itself, and with them their wills. */
export const REFRESH_MS = 30_000;
export const STALE_MS = 3.5 * REFRESH_MS;

/**
 * The sessions of a queue, as their hosts tell of them. The broker spreads messages over all sessions, also over those whose host is
 * gone, and gives what it kept for one to nobody else: so whoever is here looks after the others' sessions.
 */
export class Roster {
  readonly #queue: string;
  readonly #own: string;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(queue: string, own: string, clock: Clock) {
    this.#queue = queue;
    this.#own = own;
    this.#clock = clock;
  }

  /** False: the topic is another one's. */
  note(topic: string, payload: Buffer): boolean {
    const id = hostIdOf(this.#queue, topic);
    if (id === null) return topic.startsWith(hostTopicOf(this.#queue, ""));
    const entry = readEntry(payload);
    if (entry === null) this.#known.delete(id);
    else this.#known.set(id, { ...entry, heardMs: this.#clock.steady() });
    return true;
  }

  /** What was last told of a session; null: nothing was. */
  entry(id: string): HostEntry | null {
    return this.#known.get(id) ?? null;
  }

  /** By another host. That we serve it nobody has to tell us: what says so is from before the connection was lost. */
  isServed(id: string): boolean {
    const known = this.#known.get(id);
    if (known === undefined || known.state === "gone" || known.by === this.#own) return false;
    return this.#clock.steady() - known.heardMs <= STALE_MS;
  }

  /** Sessions of other hosts that nobody serves. */
  get orphans(): Array<HostEntry & { id: string }> {
    const others = [...this.#known].filter(([id]) => id !== this.#own && id !== GUARD_ID && !this.isServed(id));
    return others.map(([id, entry]) => ({ id, ...entry }));
  }
}

/** Null: the session is no more. */
export function telling(queue: string, id: string, entry: HostEntry | null): Publication {
  const payload = entry === null ? Buffer.alloc(0) : Buffer.from(JSON.stringify(entry));
  return { topic: hostTopicOf(queue, id), payload, contentType: null, userProperties: {}, retain: true };
}

export function readEntry(payload: Buffer): HostEntry | null {
  try {
    return entrySchema.parse(JSON.parse(payload.toString("utf8")));
  } catch {
    return null;
  }
}
