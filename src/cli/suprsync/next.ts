import { SuprsyncDatabase } from "../../suprsync/database.ts";
import { nextRow } from "../../suprsync/rows.ts";
import { rowText } from "./row-text.ts";
import type { Tool } from "./tool.ts";

export const next: Tool = {
  usage: "next ARCHIVE",
  says: "the row that is copied next",
  options: {},
  positionals: 1,
  async run({ positionals: [archive = ""], database, json, waiting }, { stdout }) {
    using opened = await SuprsyncDatabase.openForReading(database, waiting);
    const row = await nextRow(opened, archive);
    if (json) stdout.write(`${JSON.stringify(row, null, 2)}\n`);
    else stdout.write(row === null ? "No more files left to be copied\n" : rowText(row));
    return 0;
  },
};
