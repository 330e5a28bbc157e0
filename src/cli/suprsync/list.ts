import { bytesOfText, show } from "../../kernel/path.ts";
import { SuprsyncDatabase } from "../../suprsync/database.ts";
import { copyableRows } from "../../suprsync/rows.ts";
import { Output } from "../output.ts";
import type { Tool } from "./tool.ts";

export const list: Tool = {
  usage: "list ARCHIVE",
  says: "every local file that is still to be copied",
  options: {},
  positionals: 1,
  async run({ positionals: [archive = ""], database, json, waiting }, { stdout }) {
    using opened = await SuprsyncDatabase.openForReading(database, waiting);
    const output = new Output(stdout);
    let count = 0;
    for await (const row of copyableRows(opened, archive)) {
      await output.write(json ? `${count === 0 ? "[" : ","}\n${JSON.stringify(row)}` : `${count}: ${show(bytesOfText(row.local_path))}\n`);
      count++;
    }
    if (json) await output.write(count === 0 ? "[]\n" : "\n]\n");
    else if (count === 0) await output.write("No files left to be copied\n");
    await output.flush();
    return 0;
  },
};
