import { never } from "../../kernel/errors.ts";

/** How far a delivered file has come with the user's ingest command, in the words of the DBB endpoint manager, whose tables hold them too. */
export const ingestStatuses = ["UNTRIED", "PENDING", "SUCCESS", "FAILURE", "UNKNOWN", "RERUN", "IGNORED"] as const;
export type IngestStatus = (typeof ingestStatuses)[number];

/**
 * The life of one file's ingestion. Pure; `ledger/schema.ts` repeats the arrows as a trigger, `states.test.ts` holds the whole table.
 *
 *   UNTRIED | RERUN ──begin──▶ PENDING ──succeed──▶ SUCCESS
 *          ▲                    │    ├──fail──────▶ FAILURE ──rerun──▶ RERUN
 *          └─────hand-back──────┘    └──interrupt─▶ UNKNOWN ──rerun──▶ RERUN
 *   UNTRIED | RERUN | PENDING | FAILURE | UNKNOWN ──pass-over──▶ IGNORED     another version, or another name, is ingested in its place
 */
export type IngestState =
  | { status: "UNTRIED" | "RERUN" }
  /** The command has it; `from`: where it goes back to when the command could not be started. */
  | { status: "PENDING"; from: "UNTRIED" | "RERUN" }
  | { status: "SUCCESS"; message: string | null }
  /** An attempt was interrupted: nobody can tell whether it was ingested. */
  | { status: "FAILURE" | "UNKNOWN" | "IGNORED"; message: string };

export type IngestEvent =
  | { event: "begin" }
  | { event: "succeed"; message: string | null }
  | { event: "fail" | "interrupt" | "pass-over"; message: string }
  /** The command could not be started, which is not this file's fault. */
  | { event: "hand-back" }
  | { event: "rerun" };

/** null: this event does not apply in this state, and nothing changes. */
export function transition(now: IngestState, happened: IngestEvent): IngestState | null {
  switch (happened.event) {
    case "begin":
      return now.status === "UNTRIED" || now.status === "RERUN" ? { status: "PENDING", from: now.status } : null;
    case "succeed":
      return now.status === "PENDING" ? { status: "SUCCESS", message: happened.message } : null;
    case "fail":
      return now.status === "PENDING" ? { status: "FAILURE", message: happened.message } : null;
    case "interrupt":
      return now.status === "PENDING" ? { status: "UNKNOWN", message: happened.message } : null;
    case "pass-over":
      return now.status === "SUCCESS" || now.status === "IGNORED" ? null : { status: "IGNORED", message: happened.message };
    case "hand-back":
      return now.status === "PENDING" ? { status: now.from } : null;
    case "rerun":
      return now.status === "FAILURE" || now.status === "UNKNOWN" ? { status: "RERUN" } : null;
    default:
      return never(happened);
  }
}
