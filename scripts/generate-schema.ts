import { writeFileSync } from "node:fs";
import { configurationJsonSchema } from "../src/config/json-schema.ts";
import { configurationReference } from "../src/config/reference.ts";

/** Writes what is made of the configuration's schemas. `src/config/generated.test.ts` tells when it has to be run again. */
const root = new URL("../", import.meta.url);
writeFileSync(new URL("schema/hotdir.schema.json", root), `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
writeFileSync(new URL("docs/reference/configuration.md", root), configurationReference());
