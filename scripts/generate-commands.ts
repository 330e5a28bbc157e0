import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commandReference } from "./command-reference.ts";

/** Writes `docs/reference/commands.md`. */
const directory = fileURLToPath(new URL("../docs/reference/", import.meta.url));
mkdirSync(directory, { recursive: true });
writeFileSync(`${directory}commands.md`, await commandReference());
