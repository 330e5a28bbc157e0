/** Opens a file for writing, writes a byte or closes it when told to (`write`, `close`), and answers each step: `detect-hold.ts FILE`. */
import { closeSync, openSync, writeSync } from "node:fs";

const file = process.argv[2];
if (file === undefined) throw new Error("usage: detect-hold.ts FILE");
const fd = openSync(file, "w");
process.on("disconnect", () => process.exit());
process.on("message", (order: unknown) => {
  if (order === "write") writeSync(fd, "x");
  else closeSync(fd);
  process.send?.({ did: order });
});
process.send?.({ did: "open" });
