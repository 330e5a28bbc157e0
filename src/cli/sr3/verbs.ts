import type { Asking } from "./asking.ts";
import type { Session } from "./session.ts";

/** Each is loaded when it is said, and what reads configurations with those that do: `status` is asked often, and needs little. */
type Loaded = { looks: (asking: Asking) => Promise<number> } | { works: (session: Session) => Promise<number> };

const verbs: Record<string, { says: string; load: () => Promise<Loaded> }> = {
  cleanup: { says: "remove the queues and exchanges", load: async () => ({ works: (await import("./passed-on.ts")).cleanup }) },
  declare: { says: "make the exchanges, queues and bindings", load: async () => ({ works: (await import("./passed-on.ts")).declare }) },
  disable: { says: "leave configurations out of every start", load: async () => ({ works: (await import("./switch-off.ts")).disable }) },
  edit: {
    says: "open a file in the editor, and tell what is wrong in it afterwards",
    load: async () => ({ works: (await import("./edit.ts")).edit }),
  },
  enable: { says: "take them in again", load: async () => ({ works: (await import("./switch-off.ts")).enable }) },
  features: { says: "what this hotdir can do", load: async () => ({ looks: (await import("./features.ts")).features }) },
  foreground: {
    says: "run until Ctrl-C, with the log on the terminal",
    load: async () => ({ works: (await import("./foreground.ts")).foreground }),
  },
  list: { says: "the configurations that there are", load: async () => ({ works: (await import("./list.ts")).list }) },
  log: { says: "the log, and what comes, until Ctrl-C", load: async () => ({ works: (await import("./passed-on.ts")).log }) },
  restart: {
    says: "take the configurations as they are now, and begin anew",
    load: async () => ({ works: (await import("./start-stop.ts")).restart }),
  },
  run: { says: "as foreground, all of them: for containers", load: async () => ({ works: (await import("./foreground.ts")).foreground }) },
  sanity: {
    says: "look whether all that should run does, and repair what does not",
    load: async () => ({ works: (await import("./sanity.ts")).sanity }),
  },
  show: {
    says: "the options in effect, where they come from and what became of them",
    load: async () => ({ works: (await import("./show.ts")).show }),
  },
  start: { says: "run in the background", load: async () => ({ works: (await import("./start-stop.ts")).start }) },
  status: { says: "a table of all", load: async () => ({ looks: (await import("./status.ts")).status }) },
  stop: { says: "end what runs", load: async () => ({ works: (await import("./start-stop.ts")).stop }) },
};

/** Verbs of sr3 that are answered with what to use instead. */
export const gone: Readonly<Record<string, string>> = {
  add: "put the file into ~/.config/sr3/COMPONENT/NAME.conf with an editor: sr3's examples do not come with hotdir",
  convert: "configurations of version 2 are not converted; their option names are taken as they stand in sr3's files",
  devsnap: "there is nothing to make a snapshot of: 'hotdir import sr3' prints all that is in effect",
  dump: "'sr3 status --json' and 'sr3 show' tell what is known",
  overview: "'sr3 status' tells it, a line for each configuration",
  reload: "'sr3 restart COMPONENT/NAME' takes a changed configuration, and the others go on undisturbed",
  remove: "'sr3 stop COMPONENT/NAME' and 'sr3 cleanup COMPONENT/NAME', then remove the file: your files are yours",
  setup: "'sr3 declare' makes what is needed at the broker",
};

export function verbNames(): string[] {
  return Object.keys(verbs);
}

export function verbList(): Array<[verb: string, says: string]> {
  return Object.entries(verbs).map(([verb, { says }]) => [verb, says]);
}

/** null: there is none of this name. */
export async function runVerb(name: string, asking: Asking): Promise<number | null> {
  if (!Object.hasOwn(verbs, name)) return null;
  const loaded = await verbs[name]!.load();
  if ("looks" in loaded) return await loaded.looks(asking);
  const { Session } = await import("./session.ts");
  return await loaded.works(new Session(asking.context, asking.words));
}
