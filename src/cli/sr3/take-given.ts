import { type Component, formatName } from "../../importers/sr3/configuration-file.ts";
import { type Given, withLines } from "./command-line.ts";
import { misused } from "./arguments.ts";
import type { Session } from "./session.ts";

/** What a command line comes to, taken as a configuration of its own. The flows; null: it could not be, and why is told. */
export async function takeGiven(session: Session, component: Component, given: Given): Promise<ReadonlySet<string> | null> {
  const { tree, name, text } = withLines(session.tree, whoseName(session, component, given), given);
  if (text === null && session.isDisabled(name)) throw misused(`${formatName(name)} is disabled: 'sr3 enable ${formatName(name)}' first`);
  const { translation, faulty } = await session.take([name], { tree, text });
  return faulty.length > 0 ? null : new Set(translation.configurations[formatName(name)]?.flows);
}

/** A post of the C programs is one as well. */
function whoseName({ tree }: Session, component: Component, { configuration }: Given): Component {
  if (component !== "post" || configuration === null) return component;
  const name = configuration.replace(/^c?post\//, "").replace(/\.conf$/, "");
  const has = (one: Component): boolean => tree.names.some((known) => known.component === one && known.name === name);
  return !has("post") && has("cpost") ? "cpost" : component;
}
