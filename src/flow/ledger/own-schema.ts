import { DatabaseSync } from "node:sqlite";
import { migrations } from "./schema.ts";

const OBJECTS = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL";

type Made = { type: string; name: string; sql: string };

let own: Made[] | null = null;

/**
 * What a ledger lacks, or has in another form than this program makes it; null: nothing. Versions before the first release changed the
 * tables and not their number.
 */
export function otherwiseMade(ledger: DatabaseSync): string | null {
  const there = new Map(objectsOf(ledger).map(({ name, sql }) => [name, sql]));
  const other = ownObjects().find(({ name, sql }) => there.get(name) !== sql);
  return other === undefined ? null : `${other.type} ${other.name}`;
}

function ownObjects(): Made[] {
  if (own !== null) return own;
  const model = new DatabaseSync(":memory:");
  try {
    for (const migration of migrations) model.exec(migration);
    return (own = objectsOf(model));
  } finally {
    model.close();
  }
}

function objectsOf(database: DatabaseSync): Made[] {
  return database.prepare(OBJECTS).all() as Made[];
}
