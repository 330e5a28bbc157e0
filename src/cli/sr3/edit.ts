import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { formatRemark } from "../../importers/remark.ts";
import { formatName } from "../../importers/sr3/configuration-file.ts";
import { configurationPath } from "../../importers/sr3/place-in-tree.ts";
import { readTree } from "../../importers/sr3/tree-on-disk.ts";
import { HotdirError } from "../../kernel/errors.ts";
import { misused } from "./arguments.ts";
import type { Session } from "./session.ts";
import { remarksOf, takeConfiguration } from "./translate.ts";
import { nameOf, readTranslation, sourceNow } from "./translation.ts";

/** The user's own editor on a file of sr3's; afterwards what is wrong in it is told, and what is needed for it to count. */
export async function edit(session: Session): Promise<number> {
  const file = fileToEdit(session);
  const before = JSON.stringify(sourceNow(file));
  await runEditor(session, file);
  if (JSON.stringify(sourceNow(file)) === before) return 0;
  const { configurations } = readTranslation(session.places);
  // Read anew: what this command knew is of before.
  const tree = readTree(session.places.root, session.context);
  const concerned = tree.names.filter(
    (name) => configurationPath(tree.root, name) === file || configurations[formatName(name)]?.sources.some(({ path }) => path === file),
  );
  let faults = 0;
  for (const name of concerned) {
    const taken = takeConfiguration(tree, name, false);
    for (const remark of remarksOf(taken)) session.complain(formatRemark(remark));
    if (taken.kind === "faulty") faults++;
    else if (
      taken.kind === "flows" &&
      configurations[formatName(name)] !== undefined &&
      configurations[formatName(name)]?.yaml !== taken.translated.yaml
    )
      session.say(`'sr3 restart ${formatName(name)}' takes the change`);
  }
  return faults > 0 ? 2 : 0;
}

function fileToEdit(session: Session): string {
  const { patterns } = session.words;
  const [what] = patterns;
  const { root } = session.places;
  if (what === undefined || patterns.length > 1)
    throw misused("edit takes one file: 'sr3 edit COMPONENT/NAME', or default.conf, admin.conf, credentials.conf, COMPONENT/NAME.inc");
  const plain = join(root, what);
  if (!what.includes("..") && existsSync(plain) && /\.(?:conf|inc)$/.test(what)) return plain;
  const [name, more] = session.chosen;
  if (more !== undefined) throw misused(`edit takes one file, and ${what} is ${session.chosen.map(formatName).join(", ")}`);
  return configurationPath(root, name ?? nameOf(what)!);
}

/** Split at blanks, as `vi -R` is meant; no shell. */
async function runEditor({ context }: Session, file: string): Promise<void> {
  const [editor = "vi", ...words] = (context.env["VISUAL"] || context.env["EDITOR"] || "vi").split(/\s+/).filter((word) => word !== "");
  const child = spawn(editor, [...words, file], { stdio: "inherit" });
  const failed = once(child, "error").then(([error]: unknown[]) => {
    throw new HotdirError("bad-usage", {
      operation: `run the editor ${editor}`,
      detail: `${String(error)}; the environment's EDITOR names another`,
    });
  });
  const [status] = (await Promise.race([once(child, "exit"), failed])) as [number | null];
  if (status !== 0)
    throw new HotdirError("bad-usage", { operation: `run the editor ${editor}`, detail: `it ended with ${status ?? "a signal"}` });
}
