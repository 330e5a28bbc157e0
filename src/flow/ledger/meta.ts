import { randomBytes } from "node:crypto";
import type { WallMs } from "../../kernel/clock.ts";
import type { Database } from "./database.ts";

function meta(db: Database, key: string): string | null {
  return db.get<{ value: string }>("SELECT value FROM meta WHERE key = ?", key)?.value ?? null;
}

function setMeta(db: Database, key: string, value: string): void {
  db.run("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value);
}

const byChance = (): string => randomBytes(3).toString("hex").slice(0, 5);

/** Marks the inflight names of this ledger, so that those of two machines never meet. Made once. */
export function ledgerToken(db: Database, make = byChance): string {
  const known = meta(db, "token");
  if (known !== null) return known;
  const token = make();
  setMeta(db, "token", token);
  return token;
}

/**
 * How far the wall clock was ahead of the ledger's steady clock, in milliseconds (`kernel/clock.ts`). Less where
 * the wall was set back while nobody ran: the steady clock goes on from where it was, and never back.
 */
export function clockSkewMs(db: Database, wallNow: WallMs = Date.now()): number {
  const skewMs = Number(meta(db, "clock_skew_ms") ?? 0);
  const steady = meta(db, "clock_steady_ms");
  return steady === null ? skewMs : Math.min(skewMs, wallNow - Number(steady));
}

export function recordClockSkew(db: Database, skewMs: number, wallNow: WallMs = Date.now()): void {
  db.transaction(() => {
    setMeta(db, "clock_skew_ms", String(Math.round(skewMs)));
    setMeta(db, "clock_steady_ms", String(Math.round(wallNow - skewMs)));
  });
}
