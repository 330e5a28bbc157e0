import type { BusState, Handle, QueuedDeadLetter, QueueFacts, Subscription, SubscriptionCounts } from "../../flow/bus.ts";
import type { SubscriptionSettings } from "../../flow/settings.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Bytes } from "../../kernel/path.ts";
import { adopt, isNoMessage } from "./adoption.ts";
import { publishedOf } from "./announcer.ts";
import { exhume, giveBack, isMeant } from "./dead-letters.ts";
import { keepGuard } from "./guard.ts";
import { Link, type LinkSettings } from "./link.ts";
import { type Arrival, FOREVER_S, type Publication, type Session } from "./packets.ts";
import { GUARD_ID, type HostEntry, REFRESH_MS, Roster, telling } from "./roster.ts";
import { filtersOf, hostTopicOf, plainFiltersOf, returnFilterOf } from "./topics.ts";
import { clientIdOf } from "./visit.ts";
import type { OnArrival, Wire } from "./wire.ts";
import { Worker } from "./worker.ts";

/** So many are held, beyond those that are worked on, until they are due; once there are more, nothing new comes. */
const HELD_MAX = 1000;
/** How often a host looks whether another one is gone. */
const LOOK_EVERY_MS = 500;
const AFTER_FAILED_ADOPTION_MS = 5000;

export type MqttSubscriptionSettings = {
  subscription: SubscriptionSettings;
  /** What tells this host's session from those of all others. */
  id: string;
  link: Omit<LinkSettings, "onArrival" | "prepare" | "farewell" | "session">;
  /** One connection that is not made again. */
  visit: (session: Session, onArrival: OnArrival) => Promise<Wire | null>;
  /** A connection that the broker keeps nothing of. */
  passing: () => Session;
  /** A host that was gone for so long without a word is looked after by the others. */
  absentS: number;
  handle: Handle;
  clock: Clock;
  log: Log;
};

/**
 * The messages of a queue: a shared subscription of all its hosts, each with a session that the broker keeps for it while it is away, and
 * that another host empties when it does not come back.
 */
export class MqttSubscription implements Subscription {
  readonly #settings: MqttSubscriptionSettings;
  readonly #stop = new AbortController();
  readonly #worker: Worker;
  readonly #roster: Roster;
  readonly #filters: string[];
  readonly #link: Link;
  readonly #minding: Promise<void>;
  #dead: number | null = null;
  #hadSession = false;

  constructor(settings: MqttSubscriptionSettings) {
    const { subscription, id, link, handle, clock, log } = settings;
    const { queue, exchange, prefetch } = subscription;
    this.#settings = settings;
    this.#filters = [...filtersOf(subscription), returnFilterOf(queue)];
    this.#roster = new Roster(queue, id, clock);
    this.#worker = new Worker({ queue, exchange, prefetch, handle, clock, log });
    this.#link = new Link({
      ...link,
      session: this.#sessionOf(id),
      onArrival: (wire, arrival) => this.#take(wire, arrival),
      prepare: async (wire) => this.#prepare(wire),
      farewell: async (wire) => wire.publish(this.#telling(id, this.#entry("gone"))),
    });
    this.#minding = this.#mind();
  }

  get state(): BusState {
    return this.#link.state;
  }

  get counts(): SubscriptionCounts {
    return this.#worker.counts;
  }

  /** A broker of MQTT does not say what it keeps. */
  get queue(): QueueFacts {
    const dead = this.#dead === null ? null : this.#dead + this.#worker.buried;
    return { name: this.#settings.subscription.queue, messages: null, consumers: null, waiting: this.#worker.held, dead };
  }

  onState(listener: () => void): () => void {
    return this.#link.onState(listener);
  }

  async deadLetters(limit: number): Promise<QueuedDeadLetter[]> {
    const found = await this.#exhume("be asked for");
    await found.wire.close();
    return found.letters.slice(0, limit).map(({ path, baseUrl, reason, diedAtMs }) => ({ path, baseUrl, reason, diedAtMs }));
  }

  async revive(paths: Bytes[] | null): Promise<number> {
    const { queue } = this.#settings.subscription;
    const found = await this.#exhume("be given back");
    let given = 0;
    for (const letter of found.letters.filter((one) => isMeant(one, paths))) {
      if (await giveBack(found.wire, queue, letter)) given += 1;
    }
    this.#dead = found.letters.length - given;
    await found.wire.close();
    return given;
  }

  /** Takes no more, lets what is worked on come to its end, and leaves the rest to whoever is here. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the subscription is stopped"));
    await this.#worker[Symbol.asyncDispose]();
    await this.#minding;
    await this.#link[Symbol.asyncDispose]();
  }

  #sessionOf(id: string, lastWord = this.#entry("gone")): Session {
    const { subscription, absentS } = this.#settings;
    const { queue, expireMs, prefetch } = subscription;
    return {
      clientId: clientIdOf(queue, id),
      keptS: expireMs === null ? FOREVER_S : Math.max(1, Math.ceil(expireMs / 1000)),
      receiveMax: prefetch + HELD_MAX,
      will: { topic: hostTopicOf(queue, id), payload: this.#telling(id, lastWord).payload, delayS: absentS },
    };
  }

  #telling(id: string, entry: HostEntry | null): Publication {
    return telling(this.#settings.subscription.queue, id, entry);
  }

  #entry(state: HostEntry["state"]): HostEntry {
    return { state, by: this.#settings.id, filters: this.#filters, saidAtMs: this.#settings.clock.wall() };
  }

  async #prepare(wire: Wire): Promise<string | null> {
    const { subscription, log, id } = this.#settings;
    if (!wire.sessionPresent && this.#hadSession) {
      log.warn(
        `the broker has lost the session of ${subscription.queue} on this host: what it held there is gone, or another host has done it`,
      );
    }
    const refused = await wire.subscribe(this.#filters, [hostTopicOf(subscription.queue, "+")]);
    if (refused !== null) return refused;
    this.#hadSession = true;
    const told = publishedOf(await wire.publish(this.#telling(id, this.#entry(this.#stop.signal.aborted ? "gone" : "here"))));
    // Without it nobody would look after this session, and no dead letter could be kept.
    return told.outcome === "refused" ? `publish to ${hostTopicOf(subscription.queue, id)}: ${told.detail}` : null;
  }

  #take(wire: Wire, arrival: Arrival): void {
    if (this.#roster.note(arrival.topic, arrival.payload) || isNoMessage(arrival, this.#settings.subscription.queue))
      wire.acknowledge(arrival);
    else this.#worker.take(wire, arrival);
  }

  /** Says that we are here, counts the dead, and looks after the sessions of those who are gone. */
  async #mind(): Promise<void> {
    const { clock, id } = this.#settings;
    const { signal } = this.#stop;
    const adopting = new Map<string, Promise<void>>();
    let guarding: Promise<void> | null = null;
    let saidMs = clock.steady();
    while (!signal.aborted) {
      const { wire } = this.#link;
      if (wire !== null) {
        for (const orphan of this.#roster.orphans) {
          if (!adopting.has(orphan.id))
            adopting.set(
              orphan.id,
              this.#adopt(orphan).finally(() => adopting.delete(orphan.id)),
            );
        }
        if (guarding === null && !this.#roster.isServed(GUARD_ID)) guarding = this.#guard().finally(() => (guarding = null));
        if (this.#dead === null) await this.deadLetters(0).catch(() => {});
        if (clock.steady() - saidMs > REFRESH_MS) {
          saidMs = clock.steady();
          await wire.publish(this.#telling(id, this.#entry("here")));
          if (guarding !== null) await wire.publish(this.#telling(GUARD_ID, this.#guardEntry("here")));
          await this.deadLetters(0).catch(() => {});
        }
      }
      // Not all at one moment: of two who adopt one session, the later has it.
      await clock.sleep(LOOK_EVERY_MS * (0.5 + Math.random()), signal).catch(() => {});
    }
    await Promise.all([...adopting.values(), guarding]);
  }

  async #guard(): Promise<void> {
    const { subscription, visit, clock } = this.#settings;
    await keepGuard({
      queue: subscription.queue,
      connect: async (onArrival) => visit(this.#sessionOf(GUARD_ID, this.#guardEntry("gone")), onArrival),
      filters: plainFiltersOf(subscription),
      known: this.#roster.entry(GUARD_ID),
      telling: { serving: this.#telling(GUARD_ID, this.#guardEntry("here")), left: this.#telling(GUARD_ID, this.#guardEntry("gone")) },
      worker: this.#worker,
      stop: this.#stop.signal,
    });
    // Another host may have taken it over, and says so in a moment.
    await clock.sleep(LOOK_EVERY_MS, this.#stop.signal).catch(() => {});
  }

  #guardEntry(state: HostEntry["state"]): HostEntry {
    return { ...this.#entry(state), filters: plainFiltersOf(this.#settings.subscription) };
  }

  async #adopt(orphan: HostEntry & { id: string }): Promise<void> {
    const { subscription, visit, clock, log } = this.#settings;
    const { signal } = this.#stop;
    const tell = (entry: HostEntry | null): Publication => this.#telling(orphan.id, entry);
    const outcome = await adopt({
      queue: subscription.queue,
      connect: async (onArrival) => visit(this.#sessionOf(orphan.id), onArrival),
      filters: [...new Set([...orphan.filters, ...this.#filters, hostTopicOf(subscription.queue, "+")])],
      telling: { serving: tell(this.#entry("here")), left: tell(this.#entry("gone")), ended: tell(null) },
      worker: this.#worker,
      clock,
      stop: signal,
    });
    if (outcome === "emptied") log.info(`what the broker kept of ${subscription.queue} for a host that is gone was done here`);
    // It may have come back, or another was faster.
    else await clock.sleep(AFTER_FAILED_ADOPTION_MS, signal).catch(() => {});
  }

  async #exhume(toWhat: string): Promise<NonNullable<Awaited<ReturnType<typeof exhume>>>> {
    const { subscription, visit, passing } = this.#settings;
    const found = await exhume(subscription.queue, async (onArrival) => visit(passing(), onArrival));
    if (found === null)
      throw new Error(`the dead letters of ${subscription.queue} could not ${toWhat}: the broker is out of reach, or refuses it`);
    this.#dead = found.letters.length;
    this.#worker.buried = 0;
    return found;
  }
}
