import type { AbsPath, Bytes } from "../../kernel/path.ts";
import type { TableSource } from "../settings.ts";
import type { Version } from "../version.ts";
import type { FileLook } from "./decide.ts";
import type { TableRow } from "./row.ts";

/** What the thread needs to know of a source. */
export type TablePlace = Pick<TableSource, "database" | "table" | "columns" | "where" | "algorithm">;

export type Look = FileLook<Version>;
/** A row of ours, with what is at its file. */
export type SeenRow = TableRow & { look: Look };

/** Known rows, by their keys in ascending order. */
export type KnownRows = { rows: Float64Array; fingerprints: Float64Array };

/** An outcome that a row is to be told of. Nothing is written into a row that names another file, path or sum by now (`registration`). */
export type RowWrite = {
  row: number;
  registration: number;
  /** As the row was when it was followed last. */
  fingerprint: number;
  /** Its content was read back at the destination. */
  delivered: { hex: string; atS: number } | null;
  /** From what the row counts (null: whatever it counts), or what a write that a kill cut off may have left there (`told`), to what it is to count. */
  failures: { there: number | null; told: number | null; now: number };
  /** When its file was removed; 0: it was gone already. */
  removedAtS: number | null;
  /** A newer row with the same path was delivered. */
  ignore: boolean;
};

export type WriteEnd = {
  row: number;
  /** `gone`: the row is no more. `other`: it is another by now. `recounted`: somebody else changed its count, and nothing was written. */
  kind: "written" | "gone" | "other" | "recounted";
  /** None: it has to be compared anew, since it was another before it was written. */
  fingerprint: number;
  failures: number;
  /** As the row is now. */
  verified: boolean;
  waits: boolean;
  copiedAtS: number | null;
};

/** A row that is to be registered. */
export type NewRow = {
  file: AbsPath;
  path: Bytes;
  digestHex: string | null;
  registeredAtS: number;
  removable: boolean;
};

/** A set of files, of which a table of timecode directories may keep a row. `manifest`: to be registered, once the set is final. */
export type SetWrite = { timecode: number | null; manifest: NewRow | null };

export type TableAsk =
  /** `version` is another whenever anything may have been changed by others. */
  | { ask: "poll" }
  /** What is different among the rows after `after`, up to the last known one (`open`: up to the end of the table). */
  | { ask: "range"; after: number; open: boolean; known: KnownRows; limit: number }
  /** What is different among these rows. */
  | { ask: "keys"; known: KnownRows }
  | { ask: "look"; files: AbsPath[] }
  | { ask: "write"; writes: RowWrite[] }
  /** Tells of sets, registers their manifests. */
  | { ask: "sets"; sets: SetWrite[] }
  /** The timecodes that were made final, by whomever. */
  | { ask: "final" };

export type TableAnswers = {
  poll: { identity: string; version: string; last: number };
  range: { rows: SeenRow[]; missing: number[]; through: number; ended: boolean };
  keys: { rows: SeenRow[]; missing: number[] };
  look: Look[];
  write: WriteEnd[];
  sets: { told: number };
  final: number[];
};

/** Why the table cannot be used now. `locked`: another program writes; it is worth another try soon. */
export type TableTrouble = { trouble: string; locked: boolean };
