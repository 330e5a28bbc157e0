import type { LiveStatus } from "../daemon/control-protocol.ts";
import { deadJson } from "../daemon/json/dead-json.ts";
import { explainJson } from "../daemon/json/explain-json.ts";
import { isoMs } from "../kernel/json-fields.ts";
import { statusJson } from "../daemon/json/status-json.ts";
import { explainFacts } from "../daemon/explain-facts.ts";
import { statusFacts } from "../daemon/status-facts.ts";
import type { Database } from "../flow/ledger/database.ts";
import { newestDeadLetters } from "../flow/ledger/dead-letters.ts";
import { type FlowId, flowId, tallyOf } from "../flow/ledger/flows.ts";
import type { FlowSettings } from "../flow/settings.ts";
import type { TransferId } from "../flow/transfer.ts";
import type { RelPath } from "../kernel/path.ts";
import { queueOf } from "./answers/queue.ts";
import { QueueSurvey } from "./answers/queue-survey.ts";
import type { RecentRates } from "./answers/recent-rates.ts";
import { search } from "./answers/search.ts";
import { dailyTally } from "./answers/tally.ts";
import { type Span, throughput } from "./answers/throughput.ts";
import { Refusal } from "./refusal.ts";

const DEAD_SHOWN = 50;

type KnownFlow = { id: FlowId; name: string; settings: FlowSettings };

/** What the page can tell: the ledger, read beside the daemon, and what the daemon said last of itself. */
export class Knowledge implements Disposable {
  readonly #db: Database;
  readonly #rates: RecentRates;
  readonly #surveys = new Map<FlowId, QueueSurvey>();
  readonly #fault: (error: unknown) => void;
  #settings: FlowSettings[];
  #live: LiveStatus | null = null;
  #liveAtMs = 0;

  constructor(db: Database, settings: FlowSettings[], rates: RecentRates, fault: (error: unknown) => void) {
    this.#db = db;
    this.#settings = settings;
    this.#rates = rates;
    this.#fault = fault;
  }

  learn(live: LiveStatus, settings: FlowSettings[] | null): void {
    this.#live = live;
    this.#liveAtMs = Date.now();
    this.#rates.add(live, this.#liveAtMs);
    if (settings === null) return;
    this.#settings = settings;
    for (const survey of this.#surveys.values()) survey[Symbol.dispose]();
    this.#surveys.clear();
  }

  /** How old what the daemon said last is. */
  get silentMs(): number {
    return this.#live === null ? 0 : Date.now() - this.#liveAtMs;
  }

  /** As `hotdir status --json`, and when. */
  status(): object {
    const nowMs = Date.now();
    const facts = statusFacts({ settings: this.#settings, db: this.#db, live: this.#live, nowMs });
    return { at: isoMs(nowMs), ...statusJson(facts) };
  }

  #known(): KnownFlow[] {
    return this.#settings.flatMap((settings) => {
      const id = flowId(this.#db, settings.name);
      return id === null ? [] : [{ id, name: settings.name, settings }];
    });
  }

  /** Throws `not-found`. */
  flow(name: string): KnownFlow {
    const known = this.#known().find((flow) => flow.name === name);
    if (known === undefined) throw new Refusal("not-found", `no flow is called ${JSON.stringify(name)}`);
    return known;
  }

  throughput(flow: string, span: Span): object {
    return throughput(this.#db, this.#rates, { id: this.flow(flow).id, flow, span, nowMs: Date.now() });
  }

  queue(): object {
    return { flows: this.#known().map((flow) => queueOf(this.#db, flow, this.#surveyOf(flow.id), Date.now())) };
  }

  #surveyOf(flow: FlowId): QueueSurvey {
    let survey = this.#surveys.get(flow);
    if (survey === undefined) this.#surveys.set(flow, (survey = new QueueSurvey(this.#db, flow, this.#fault)));
    return survey;
  }

  /** The newest of all flows, before `before`. */
  dead(before: TransferId | null): object {
    const flows = this.#known();
    const letters = flows.flatMap((flow) => newestDeadLetters(this.#db, flow, before, DEAD_SHOWN + 1)).sort((a, b) => b.id - a.id);
    const total = flows.reduce((sum, flow) => sum + tallyOf(this.#db, flow.id).dead, 0);
    const shown = letters.slice(0, DEAD_SHOWN);
    return { total, letters: shown.map(deadJson), next: letters.length > shown.length ? (shown.at(-1)?.id ?? null) : null };
  }

  /** The ids of a flow's dead letters, a request of the daemon at a time. */
  *deadOf(flow: string, atOnce: number): Generator<TransferId[]> {
    const known = this.flow(flow);
    for (let before: TransferId | null = null; ;) {
      const letters = newestDeadLetters(this.#db, known, before, atOnce);
      if (letters.length > 0) yield letters.map((letter) => letter.id);
      before = letters.at(-1)?.id ?? null;
      if (letters.length < atOnce) return;
    }
  }

  search(text: string): object {
    return search(this.#db, this.#settings, text);
  }

  explain(flow: string, path: RelPath): object {
    return explainJson(explainFacts({ settings: this.flow(flow).settings, path, db: this.#db, live: this.#live }));
  }

  tally(flow: string | null, days: number): object {
    const flows = flow === null ? this.#known() : [this.flow(flow)];
    return {
      days: dailyTally(
        this.#db,
        flows.map(({ id }) => id),
        days,
        Date.now(),
      ),
    };
  }

  [Symbol.dispose](): void {
    for (const survey of this.#surveys.values()) survey[Symbol.dispose]();
  }
}
