import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { Catalog } from "../../flow/catalog/catalog.ts";
import type { FlowSettings } from "../../flow/settings.ts";
import { messageOf } from "../../kernel/errors.ts";
import { show } from "../../kernel/path.ts";
import { type Finding, good, note, problem } from "./finding.ts";
import type { Written } from "./written.ts";

/** Whether what is done with deliveries can be done: the command is there, the catalog is such a table. Neither is run or written. */
export function probeFinish({ finish: { ingest, catalog } }: FlowSettings, written: Written): Finding[] {
  const findings: Finding[] = [];
  if (ingest !== null) {
    const [program = ""] = ingest.command;
    findings.push(
      isProgram(program)
        ? good(`the ingest command ${program} is there`)
        : problem(
            `the ingest command ${program} is not there, or may not be run: files would be delivered, and wait for it`,
            written("finish.ingest.command", "[PROGRAM, ARGUMENT...]"),
          ),
    );
  }
  if (catalog === null) return findings;
  using table = new Catalog(catalog);
  try {
    table.findAll([]);
    findings.push(good(`the catalog ${show(catalog.database)} has the table ${catalog.table}`));
  } catch (error) {
    const text = messageOf(error);
    findings.push(
      /locked/.test(text)
        ? note(`${text}: somebody is at work on it; the flow waits for that`)
        : problem(text, written("finish.catalog.database", "FILE")),
    );
  }
  return findings;
}

/** By the PATH that hotdir has here, as it is looked for when it is run. */
function isProgram(name: string): boolean {
  const places = name.includes("/") ? [name] : (process.env["PATH"] ?? "").split(":").map((directory) => join(directory, name));
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK);
      return statSync(place).isFile();
    } catch {
      return false;
    }
  });
}
