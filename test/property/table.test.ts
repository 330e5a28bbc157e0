import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { beginRun, claim } from "../../src/flow/ledger/claims.ts";
import { deadLetters } from "../../src/flow/ledger/dead-letters.ts";
import { type Database, openForWriting } from "../../src/flow/ledger/database.ts";
import { recount } from "../../src/flow/ledger/flows.ts";
import { type Outcome, recordOutcomes, revive } from "../../src/flow/ledger/outcomes.ts";
import { anyOwed, knownRows } from "../../src/flow/ledger/table-rows.ts";
import { archiveFacts, readSoFar } from "../../src/flow/ledger/table-source.ts";
import { type FollowContext, followRows } from "../../src/flow/table/follow-rows.ts";
import type { KnownRows } from "../../src/flow/table/messages.ts";
import { TableFile } from "../../src/flow/table/table-file.ts";
import { owedWrites, recordWritten } from "../../src/flow/table/write-back.ts";
import type { ClaimedTransfer } from "../../src/flow/transfer.ts";
import { HotdirError } from "../../src/kernel/errors.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { ForeignTable, md5, tableSettings, tableSource } from "../support/foreign-table.ts";
import { registerTestFlow, standingClock } from "../support/ledger.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";

/**
 * A table with other writers (they register, change, reset, ignore, verify and delete rows), our own steps, and kills between any two of them. What
 * is asked at each step is asked of the table itself, as its other readers would.
 */
const ATTEMPTS_MAX = 1_000_000;
const WAYS = ["a/1", "a/2", "b", "c"];

let temporary: Temporary;
beforeAll(async () => void (temporary = await makeTemporary()));
afterAll(() => temporary[Symbol.asyncDispose]());

class History {
  readonly random: Random;
  readonly table: ForeignTable;
  readonly file: TableFile;
  readonly context: FollowContext;
  readonly clock = standingClock(1_700_000_000_000);
  readonly #directory: string;
  #db: Database;
  #run: number;
  #sending: ClaimedTransfer[] = [];
  /** What is at the destination, and all that ever was. */
  readonly there = new Map<string, string>();
  readonly ever = new Set<string>();
  /** By row: what it has to count in the end; which of its sums somebody else verified, and which rows others told to ignore. */
  readonly counts = new Map<number, number>();
  readonly others = { verified: new Set<string>(), ignored: new Set<number>() };
  readonly registered: Array<{ id: number; path: string }> = [];
  #serial = 0;

  constructor(directory: string, random: Random) {
    this.random = random;
    this.#directory = directory;
    this.table = new ForeignTable(`${directory}/foreign.db`);
    const source = tableSource(`${directory}/foreign.db`);
    const settings = tableSettings(source, { retry: { attemptsMax: ATTEMPTS_MAX, backoff: { minMs: 1, maxMs: 1 } } });
    this.#db = openForWriting(directory);
    this.context = { db: this.#db, flow: registerTestFlow(this.#db, "test"), settings, source, clock: this.clock, log: silentLog };
    this.#run = beginRun(this.#db, 1, this.#at());
    readSoFar(this.#db, this.context.flow);
    this.file = new TableFile(source);
  }

  #at(): { wall: number; steady: number } {
    return { wall: this.clock.wall(), steady: this.clock.steady() };
  }

  /** Everything in memory is gone. */
  kill(): void {
    this.#db[Symbol.dispose]();
    this.#db = openForWriting(this.#directory);
    (this.context as { db: Database }).db = this.#db;
    this.#run = beginRun(this.#db, 1, this.#at());
    this.#sending = [];
  }

  other(): void {
    const rows = this.table.rows();
    const { random } = this;
    if (rows.length === 0 || random.chance(0.4)) return this.#register();
    const { id } = random.pick(rows);
    switch (random.between(0, 5)) {
      case 0:
        return this.#setCount(id, random.chance(0.5) ? 0 : 50 * ++this.#serial);
      case 1:
        this.others.ignored.add(id);
        return this.table.set(id, { ignore: random.between(0, 1) });
      case 2: {
        const sum = this.table.row(id).local_md5sum;
        this.others.verified.add(`${id} ${sum}`);
        return this.table.set(id, { remote_md5sum: sum, copied: 1 });
      }
      case 3:
        return this.table.remove(id);
      case 4:
        // Registered anew: with another content, and nothing of the old one.
        this.counts.set(id, 0);
        return this.table.set(id, { local_md5sum: this.#content(id), remote_md5sum: null, copied: null, failed_copy_attempts: 0 });
      case 5:
        return this.table.set(id, { remote_md5sum: null, copied: null });
    }
  }

  #register(): void {
    const serial = ++this.#serial;
    const file = `${this.#directory}/file-${serial}`;
    writeFileSync(file, `first ${serial}`);
    const path = this.random.pick(WAYS);
    const id = this.table.add({ local_path: file, remote_path: path, local_md5sum: md5(`first ${serial}`) });
    this.registered.push({ id, path });
    this.others.ignored.delete(id);
    this.counts.set(id, 0);
  }

  #content(id: number): string {
    const { local_path } = this.table.row(id);
    const content = `again ${++this.#serial}`;
    writeFileSync(local_path, content);
    return md5(content);
  }

  /** What we counted and have not written yet comes on top. */
  #setCount(id: number, count: number): void {
    // The known limit: whether a write that a kill cut off was made can be told only while nobody else counts.
    if (this.#db.get("SELECT 1 FROM table_row WHERE row = ? AND failures_told IS NOT NULL", id) !== undefined) return;
    const unwritten = (this.counts.get(id) ?? 0) - this.table.row(id).failed_copy_attempts;
    this.table.set(id, { failed_copy_attempts: count });
    this.counts.set(id, Math.max(0, count + unwritten));
  }

  read(which: "all" | "waiting"): void {
    const known = packed(knownRows(this.#db, this.context.flow, which, Number.MIN_SAFE_INTEGER, 1000));
    const { rows, missing } =
      which === "all" ? this.file.range(Number.MIN_SAFE_INTEGER, true, known, this.random.between(1, 50)) : this.file.keys(known);
    if (this.random.chance(0.1)) return this.kill();
    followRows(this.context, rows, missing);
  }

  claim(): void {
    const { context } = this;
    const busy = new Set(this.#sending.map(({ change }) => change.path as string));
    const request = { flow: context.flow, run: this.#run, bulk: false, limit: this.random.between(1, 3), now: this.clock.steady() };
    this.#sending.push(...claim(this.#db, { ...request, busy: (key) => busy.has(key) }));
  }

  /** @param succeeds nothing fails any more. */
  end(succeeds: boolean): void {
    const transfer = this.#sending.shift();
    if (transfer === undefined) return;
    const hex = transfer.file!.digest!.hex;
    const outcome = this.#outcome(hex, succeeds);
    if (outcome.kind === "delivered") {
      this.there.set(transfer.change.path, hex);
      this.ever.add(`${transfer.change.path} ${hex}`);
      // The bytes are there, and nobody wrote that down.
      if (this.random.chance(0.1)) return this.kill();
    }
    const ended = { transfer, outcome, startedAtMs: this.clock.wall(), bytes: 1 };
    const lost = recordOutcomes(this.#db, [ended], this.clock.wall());
    if (lost.length > 0 || (ended.outcome.kind !== "back-off" && ended.outcome.kind !== "give-up")) return;
    const row = this.table.rows().find(({ local_path, local_md5sum }) => local_path === transfer.file!.path && local_md5sum === hex);
    if (row !== undefined) this.counts.set(row.id, (this.counts.get(row.id) ?? 0) + 1);
  }

  #outcome(hex: string, succeeds: boolean): Outcome {
    const error = new HotdirError("digest-mismatch", { operation: "verify" });
    const dueAt = this.clock.steady();
    if (succeeds || this.random.chance(0.5)) {
      const proof = { basis: "digest" as const, digest: { algorithm: "md5" as const, hex } };
      return { kind: "delivered", receipt: { proof, durable: true }, method: "sent", retain: { kind: "keep" } };
    }
    if (this.random.chance(0.2)) return { kind: "hand-back", reason: "an outage", dueAt, litter: false };
    return this.random.chance(0.2) ? { kind: "give-up", error, litter: false } : { kind: "back-off", error, dueAt, litter: false };
  }

  writeBack(mayBeKilled: boolean): void {
    const owed = owedWrites(this.context);
    if (mayBeKilled && this.random.chance(0.15)) return this.kill();
    const ends = this.file.write(owed.writes);
    if (mayBeKilled && this.random.chance(0.15)) return this.kill();
    recordWritten(this.context, owed, ends);
  }

  reviveDead(): void {
    const dead = [...deadLetters(this.#db, { id: this.context.flow, name: "test" })];
    for (const letter of dead) {
      const row = this.#db.get<{ row: number }>("SELECT row FROM table_row WHERE transfer = ?", letter.id);
      if (revive(this.#db, [letter.id], this.clock.steady()) > 0 && row !== undefined) this.counts.set(row.row, 0);
    }
  }

  /** Until all is done that can be, with nobody else there. */
  calm(): void {
    for (let round = 0; round < 100; round++) {
      this.read("all");
      this.writeBack(false);
      if (round % 3 === 0) this.reviveDead();
      this.claim();
      while (this.#sending.length > 0) this.end(true);
      this.writeBack(false);
      this.clock.now += 10;
      const waits = this.table.rows().some((row) => row.ignore === 0 && row.remote_md5sum !== row.local_md5sum);
      const isFollowed = archiveFacts(this.#db, this.context.flow, 0)?.waitsFor === null;
      if (!waits && isFollowed && !anyOwed(this.#db, this.context.flow) && round > 5) return;
    }
  }

  /** What must hold whenever anybody looks, and does not. */
  faults(): string[] {
    const untrue = this.table.rows().flatMap((row) => {
      const { id, remote_path: path, remote_md5sum: found } = row;
      const isProved = found === null || this.ever.has(`${path} ${found}`) || this.others.verified.has(`${id} ${found}`);
      const isOvertaken = this.registered.some((other) => other.id > id && other.path === path);
      return [
        ...(isProved ? [] : [`row ${id} says what nobody read back`]),
        ...(row.ignore === 0 || this.others.ignored.has(id) || isOvertaken ? [] : [`row ${id} was overtaken by nothing`]),
      ];
    });
    return [...recount(this.#db, this.context.flow), ...untrue];
  }

  /** For whoever looks why. */
  tell(): string {
    const known = this.#db.all(
      `SELECT r.row, t.id, t.state, CAST(t.path AS TEXT) AS path, t.failures AS tried, r.waits, r.verified, r.failures, r.failures_there, r.owed, r.fingerprint, t.reason
       FROM table_row r LEFT JOIN transfer t ON t.id = r.transfer`,
    );
    return [...known, ...this.table.rows()].map((row) => Object.values<unknown>(row).map(String).join(" | ")).join("\n");
  }

  /** What must hold in the end, and does not. */
  leftUndone(): string[] {
    const rows = this.table.rows();
    const facts = archiveFacts(this.#db, this.context.flow, 5);
    const wanted = {
      waitsFor: null,
      finalizedUntilS: 5,
      owed: 0,
      rows: rows.length,
      uncopied: rows.filter(({ copied }) => copied === null).length,
    };
    const told = facts === null ? null : Object.fromEntries(Object.keys(wanted).map((name) => [name, facts[name as keyof typeof wanted]]));
    return [
      ...rows.flatMap(({ id, ignore, local_md5sum, remote_md5sum, failed_copy_attempts: count }) => [
        ...(ignore === 1 || local_md5sum === remote_md5sum ? [] : [`row ${id} is not done`]),
        ...(count === this.counts.get(id) ? [] : [`row ${id} counts ${count} attempts, not ${this.counts.get(id)}`]),
      ]),
      ...(JSON.stringify(told) === JSON.stringify(wanted) ? [] : [`told are ${JSON.stringify(told)}, not ${JSON.stringify(wanted)}`]),
    ];
  }

  [Symbol.dispose](): void {
    this.table[Symbol.dispose]();
    this.file[Symbol.dispose]();
    this.#db[Symbol.dispose]();
  }
}

function packed(known: Array<{ row: number; fingerprint: number }>): KnownRows {
  return { rows: Float64Array.from(known, ({ row }) => row), fingerprints: Float64Array.from(known, ({ fingerprint }) => fingerprint) };
}

test("rows and ledger agree in the end, attempts are counted once, and no row says what is not true, whatever others do and whenever we are killed", () => {
  const seed = chooseSeed("table");
  const histories = bySize({ everyday: 40, ci: 150, long: 3000 });
  for (let at = 0; at < histories; at++) {
    const random = new Random(seed + at);
    mkdirSync(`${temporary.path}/${at}`);
    using history = new History(`${temporary.path}/${at}`, random);
    const about = (): string => `HOTDIR_TEST_SEED=${seed + at}: ${history.tell()}`;
    for (let step = 0; step < 80; step++) {
      takeStep(history, random);
      expect(history.faults(), about()).toEqual([]);
    }
    history.calm();
    expect([...history.faults(), ...history.leftUndone()], about()).toEqual([]);
  }
});

function takeStep(history: History, random: Random): void {
  const kind = random.between(0, 11);
  if (kind <= 2) history.other();
  else if (kind === 3) history.read("all");
  else if (kind === 4) history.read("waiting");
  else if (kind <= 6) history.claim();
  else if (kind <= 8) history.end(false);
  else if (kind <= 10) history.writeBack(true);
  else if (random.chance(0.2)) history.kill();
  history.clock.now += 5;
}
