import { type Component, formatName } from "../../importers/sr3/configuration-file.ts";
import { type Given, withLines } from "./command-line.ts";
import { misused } from "./arguments.ts";
import type { Session } from "./session.ts";

/** What a command line comes to, taken as a configuration of its own. The flows; null: it could not be, and why is told. */
export async function takeGiven(session: Session, component: Component, given: Given): Promise<ReadonlySet<string> | null> {
  const { tree, name, text } = withLines(session.tree, component, given);
  if (text === null && session.isDisabled(name)) throw misused(`${formatName(name)} is disabled: 'sr3 enable ${formatName(name)}' first`);
  const { translation, faulty } = await session.take([name], { tree, text });
  return faulty.length > 0 ? null : new Set(translation.configurations[formatName(name)]?.flows);
}
