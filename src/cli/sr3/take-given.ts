import { type Component, formatName } from "../../importers/sr3/configuration-file.ts";
import { type Given, withLines } from "./command-line.ts";
import { misused } from "./arguments.ts";
import { queuesFirst } from "./running.ts";
import type { Session } from "./session.ts";

/** `isNew`: a daemon that runs has something to read. */
export type GivenFlows = { flows: ReadonlySet<string>; isNew: boolean };

/** What a command line comes to, taken as a configuration of its own. The flows; a number: it could not be, why is told, and this is the exit status. */
export async function takeGiven(session: Session, component: Component, given: Given): Promise<GivenFlows | number> {
  const { tree, name, text } = withLines(session.tree, whoseName(session, component, given), given);
  if (text === null && session.isDisabled(name)) throw misused(`${formatName(name)} is disabled: 'sr3 enable ${formatName(name)}' first`);
  // Whoever is to get what is posted may not run yet: his queue is made as well.
  const { translation, faulty, status, isNew } = await session.take([name], {
    given: { tree, isOfOptions: text !== null },
    allow: queuesFirst(session, component === "post" ? "all" : [name]),
  });
  const flows = new Set(translation.configurations[formatName(name)]?.flows);
  if (status !== 0) return status;
  return faulty.length > 0 || flows.size === 0 ? 2 : { flows, isNew };
}

/** A post of the C programs is one as well. */
function whoseName({ tree }: Session, component: Component, { configuration }: Given): Component {
  if (component !== "post" || configuration === null) return component;
  const name = configuration.replace(/^c?post\//, "").replace(/\.conf$/, "");
  const has = (one: Component): boolean => tree.names.some((known) => known.component === one && known.name === name);
  return !has("post") && has("cpost") ? "cpost" : component;
}
