import type { AbsPath } from "../kernel/path.ts";
import type { IngestSettings } from "./ingest/contract.ts";

export type FinishSettings = {
  /** The user's command, run on this machine; `again`: what an end of hotdir interrupted is handed to it once more by itself. null: none. */
  ingest: (IngestSettings & { again: boolean }) | null;
  /** null: none. */
  catalog: CatalogSettings | null;
};

/** A table of an SQLite database of somebody else's that has a row for each file: its directory, its name, its digest. */
export type CatalogSettings = {
  database: AbsPath;
  table: string;
  /** What becomes of a source file whose name and content the catalog has already. */
  duplicates: "keep" | "delete";
};
