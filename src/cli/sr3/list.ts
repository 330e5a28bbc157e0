import { readdirSync } from "node:fs";
import { join } from "node:path";
import { components, formatName, isComponent } from "../../importers/sr3/configuration-file.ts";
import { logDirectory } from "../../kernel/log-names.ts";
import { pretty } from "../render/json.ts";
import { misused } from "./arguments.ts";
import type { Session } from "./session.ts";

const COLUMN = 33;
const COLUMNS_MAX = 5;

/** The user's configurations, and the files that all of them read. */
export async function list(session: Session): Promise<number> {
  const [what] = session.words.patterns;
  if (what !== undefined && ["examples", "fcb", "flow_callback", "plugins", "eg", "ie"].includes(what))
    throw misused(
      `list ${what}: sr3's ${what === "examples" || what === "eg" || what === "ie" ? "examples" : "plugins"} are a part of sr3, and none come with hotdir`,
    );
  const { places, tree, context } = session;
  const isNarrow = session.words.patterns.length > 0;
  const configurations = session.chosen.map((name) => `${formatName(name)}${session.isDisabled(name) ? ".off" : ".conf"}`);
  const others = isNarrow ? [] : [...includesIn(tree.root), ...filesIn(tree.root).filter((name) => name.endsWith(".conf"))];
  if (session.words.options.has("json")) {
    const disabled = session.chosen.filter((name) => session.isDisabled(name)).map(formatName);
    context.stdout.write(
      pretty({ from: tree.root, configurations: session.chosen.map(formatName), disabled, files: others, log: logDirectory(places.state) }),
    );
    return 0;
  }
  session.say(`User Configurations: (from: ${tree.root} )`);
  const cells = [...configurations, ...others];
  const columns = Math.max(1, Math.min(COLUMNS_MAX, Math.floor((context.stdout.columns || 100) / COLUMN)));
  for (let at = 0; at < cells.length; at += columns)
    session.say(
      cells
        .slice(at, at + columns)
        .map((cell) => cell.padEnd(COLUMN - 1))
        .join(" ")
        .trimEnd(),
    );
  session.say(`logs are in: ${logDirectory(places.state)}`);
  return 0;
}

function includesIn(root: string): string[] {
  return components.filter(isComponent).flatMap((component) =>
    filesIn(join(root, component))
      .filter((name) => name.endsWith(".inc"))
      .map((name) => `${component}/${name}`),
  );
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .toSorted();
  } catch {
    return [];
  }
}
