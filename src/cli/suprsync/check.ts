import { resolve } from "node:path";
import { SuprsyncDatabase } from "../../suprsync/database.ts";
import { rowsOfFile } from "../../suprsync/rows.ts";
import { rowText } from "./row-text.ts";
import type { Tool } from "./tool.ts";

export const check: Tool = {
  usage: "check FILE",
  says: "every row of a local file, and what it means",
  options: {},
  positionals: 1,
  async run({ positionals: [file = ""], database, json, waiting }, { stdout }) {
    using opened = await SuprsyncDatabase.openForReading(database, waiting);
    // As it is written in the table, or as it is named from here.
    const rows = await rowsOfFile(opened, [...new Set([file, resolve(file)])]);
    if (json) stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    else stdout.write(rows.length === 0 ? `${resolve(file)} is not in ${opened.path}\n` : rows.map(rowText).join(""));
    return 0;
  },
};
