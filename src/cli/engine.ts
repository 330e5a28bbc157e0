import { type ControlClient, connectControl } from "../daemon/control-client.ts";
import type { LiveStatus } from "../daemon/control-protocol.ts";
import { takeOwnership } from "../daemon/owner.ts";
import { type Database, openForReading, openForWriting } from "../flow/ledger/database.ts";
import { flowId } from "../flow/ledger/flows.ts";
import type { FlowSettings } from "../flow/settings.ts";

/** What a question is answered from: the ledger, and the daemon where one runs. */
export type Engine = Disposable & {
  /** null: nothing ran on this state directory yet. */
  db: Database | null;
  client: ControlClient | null;
  live: LiveStatus | null;
};

export async function openEngine(stateDirectory: string): Promise<Engine> {
  using undo = new DisposableStack();
  const client = await connectControl(stateDirectory);
  if (client !== null) undo.use(client);
  const live = client === null ? null : await client.ask<LiveStatus>({ ask: "status" });
  const db = openForReading(stateDirectory);
  if (db !== null) undo.use(db);
  const held = undo.move();
  return { db, client, live, [Symbol.dispose]: () => held.dispose() };
}

/** For a change without a daemon. Throws `state-owned` while one runs. */
export function ownLedger(stateDirectory: string): Disposable & { db: Database } {
  using undo = new DisposableStack();
  undo.use(takeOwnership(stateDirectory));
  const db = undo.use(openForWriting(stateDirectory));
  const held = undo.move();
  return { db, [Symbol.dispose]: () => held.dispose() };
}

/** The flows that the ledger knows. */
export function knownFlows(db: Database | null, settings: FlowSettings[]): Array<{ id: number; name: string }> {
  if (db === null) return [];
  return settings.flatMap(({ name }) => {
    const id = flowId(db, name);
    return id === null ? [] : [{ id, name }];
  });
}
