import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { optionsPage } from "../src/importers/sr3/options-page.ts";
import { errorReference } from "./error-reference.ts";
import { grafanaDashboard } from "./grafana-dashboard.ts";

/** Writes the pages of `docs/reference/` that come from tables in the sources, and the example dashboard. */
const directory = fileURLToPath(new URL("../docs/reference/", import.meta.url));
mkdirSync(directory, { recursive: true });
writeFileSync(`${directory}errors.md`, errorReference());
writeFileSync(fileURLToPath(new URL("../examples/grafana/hotdir.json", import.meta.url)), grafanaDashboard());
writeFileSync(`${directory}sr3-options.md`, optionsPage());
