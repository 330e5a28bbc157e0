import type { WallMs } from "../../kernel/clock.ts";
import type { TransferId } from "../transfer.ts";
import type { Database } from "./database.ts";

/**
 * Those of the transfers that had ended, with every attempt, before `wall`. An attempt that a kill interrupted counts
 * from the start of the run that found it, the first that knows the killed one to be gone.
 */
export function endedBefore(db: Database, ids: TransferId[], wall: WallMs): TransferId[] {
  return ids.filter(
    (id) =>
      db.get(
        "SELECT 1 FROM transfer WHERE id = ?1 AND ended_at < ?2 AND NOT EXISTS (SELECT 1 FROM attempt WHERE transfer = ?1 AND ended_at >= ?2)",
        id,
        Math.round(wall),
      ) !== undefined,
  );
}
