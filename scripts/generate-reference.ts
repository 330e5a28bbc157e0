import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { errorReference } from "./error-reference.ts";

/** Writes the pages of `docs/reference/` that come from tables in the sources. */
const directory = fileURLToPath(new URL("../docs/reference/", import.meta.url));
mkdirSync(directory, { recursive: true });
writeFileSync(`${directory}errors.md`, errorReference());
