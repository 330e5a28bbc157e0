import type { RelPath } from "../../kernel/path.ts";
import type { Told } from "../bus.ts";
import { directoryOfUrl } from "../source-file.ts";
import type { MessageOrigin, TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell, pathFrom } from "./rows.ts";
import type { StateName } from "./states.ts";

/** Which message it is, also when it comes again, to whatever host. */
export type MessageIdentity = { baseUrl: string; relPath: RelPath; pubTimeNs: bigint };

/** The message that a transfer came by. */
export type MessageRow = MessageIdentity & { body: Buffer };

/** With the transfer, in one transaction. */
export function recordMessage(db: Database, flow: FlowId, transfer: TransferId, message: MessageRow): void {
  db.run(
    "INSERT INTO message (transfer, flow, rel_path, pub_time, base_url, body) VALUES (?, ?, ?, ?, ?, ?)",
    transfer,
    flow,
    pathCell(message.relPath),
    message.pubTimeNs,
    message.baseUrl,
    message.body,
  );
}

/** The message is the broker's again: when it comes once more, it is as if it came for the first time. */
export function forgetMessage(db: Database, transfer: TransferId): void {
  db.run("DELETE FROM message WHERE transfer = ?", transfer);
}

/** The newest transfer that came by this very message. */
export function transferOfMessage(
  db: Database,
  flow: FlowId,
  { baseUrl, relPath, pubTimeNs }: MessageIdentity,
): { id: TransferId; path: RelPath; state: StateName; reason: string | null } | null {
  const row = db.get<Row & { id: number; path: Uint8Array; state: StateName; reason: string | null }>(
    `SELECT t.id, t.path, t.state, t.reason FROM message m JOIN transfer t ON t.id = m.transfer
     WHERE m.flow = ? AND m.rel_path = ? AND m.pub_time = ? AND m.base_url = ? ORDER BY m.transfer DESC LIMIT 1`,
    flow,
    pathCell(relPath),
    pubTimeNs,
    baseUrl,
  );
  return row === undefined ? null : { id: row.id, path: pathFrom(row.path), state: row.state, reason: row.reason };
}

type StoredRow = Row & { rel_path: Uint8Array; pub_time: string; base_url: string; body: Uint8Array };
const STORED = "SELECT rel_path, CAST(pub_time AS TEXT) AS pub_time, base_url, body FROM message WHERE transfer = ?";

/** null: the transfer came by no message. */
export function messageOfTransfer(db: Database, transfer: TransferId): MessageRow | null {
  const row = db.get<StoredRow>(STORED, transfer);
  return row === undefined ? null : messageFrom(row);
}

/** The newest message that a path at the destination came by. */
export function messageAt(db: Database, flow: FlowId, path: RelPath): MessageRow | null {
  const row = db.get<StoredRow>(
    `SELECT m.rel_path, CAST(m.pub_time AS TEXT) AS pub_time, m.base_url, m.body FROM transfer t JOIN message m ON m.transfer = t.id
     WHERE t.flow = ? AND t.path = ? ORDER BY t.id DESC LIMIT 1`,
    flow,
    pathCell(path),
  );
  return row === undefined ? null : messageFrom(row);
}

function messageFrom(row: StoredRow): MessageRow {
  const { buffer, byteOffset, byteLength } = row.body;
  return {
    relPath: pathFrom(row.rel_path),
    pubTimeNs: BigInt(row.pub_time),
    baseUrl: row.base_url,
    body: Buffer.from(buffer, byteOffset, byteLength),
  };
}

/** Whether it is the version of a file of this machine; one that a message told begins with how it is known. */
export function isLookedAt({ inode }: { inode: string }): boolean {
  return /^\d+:\d+$/.test(inode);
}

/** How a claim learns where the bytes of a transfer are. The message is read anew only where they are to be fetched. */
export function originsIn(
  db: Database,
  read: (body: Buffer) => Told | null,
): (transfer: TransferId, inode: string | null) => MessageOrigin | null {
  return (transfer, inode) => {
    const message = messageOfTransfer(db, transfer);
    if (message === null) return null;
    const { baseUrl, relPath, pubTimeNs } = message;
    const isHere = directoryOfUrl(baseUrl) !== null && (inode === null || isLookedAt({ inode }));
    const told = isHere ? null : read(message.body);
    return {
      baseUrl,
      relPath,
      digest: told?.digest ?? null,
      content: told !== null && told.content !== null,
      sizeKnown: told?.sizeKnown ?? true,
      pubTimeNs,
    };
  };
}

/** Somebody else may bring there meanwhile what waits here: it is looked for before it is sent. `ids` null: all that waits. */
export function adoptWaiting(db: Database, flow: FlowId, ids: readonly TransferId[] | null): void {
  if (ids === null) db.run("UPDATE transfer SET adopt = 1 WHERE flow = ? AND state = 'queued' AND adopt = 0 AND ended_at IS NULL", flow);
  else for (const id of ids) db.run("UPDATE transfer SET adopt = 1 WHERE id = ? AND state = 'queued'", id);
}

/** Which of these are being sent at this moment. */
export function underWay(db: Database, ids: readonly TransferId[]): TransferId[] {
  return ids.filter((id) => db.get("SELECT 1 FROM transfer WHERE id = ? AND state = 'sending'", id) !== undefined);
}
