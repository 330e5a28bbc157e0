import type { Session } from "./session.ts";

export type Verb = (session: Session) => Promise<number>;

/** Each is loaded when it is said: `status` is asked often, and needs little. */
const verbs: Record<string, { says: string; load: () => Promise<Verb> }> = {
  cleanup: { says: "remove the queues and exchanges", load: async () => (await import("./passed-on.ts")).cleanup },
  declare: { says: "make the exchanges, queues and bindings", load: async () => (await import("./passed-on.ts")).declare },
  disable: { says: "leave configurations out of every start", load: async () => (await import("./switch-off.ts")).disable },
  edit: { says: "open a file in the editor, and tell what is wrong in it afterwards", load: async () => (await import("./edit.ts")).edit },
  enable: { says: "take them in again", load: async () => (await import("./switch-off.ts")).enable },
  features: { says: "what this hotdir can do", load: async () => (await import("./features.ts")).features },
  foreground: { says: "run until Ctrl-C, with the log on the terminal", load: async () => (await import("./foreground.ts")).foreground },
  list: { says: "the configurations that there are", load: async () => (await import("./list.ts")).list },
  log: { says: "the log, and what comes, until Ctrl-C", load: async () => (await import("./passed-on.ts")).log },
  restart: { says: "take the configurations as they are now, and begin anew", load: async () => (await import("./start-stop.ts")).restart },
  run: { says: "as foreground, all of them: for containers", load: async () => (await import("./foreground.ts")).foreground },
  sanity: {
    says: "look whether all that should run does, and repair what does not",
    load: async () => (await import("./sanity.ts")).sanity,
  },
  show: { says: "the options in effect, where they come from and what became of them", load: async () => (await import("./show.ts")).show },
  start: { says: "run in the background", load: async () => (await import("./start-stop.ts")).start },
  status: { says: "a table of all", load: async () => (await import("./status.ts")).status },
  stop: { says: "end what runs", load: async () => (await import("./start-stop.ts")).stop },
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
export async function loadVerb(name: string): Promise<Verb | null> {
  return Object.hasOwn(verbs, name) ? await verbs[name]!.load() : null;
}
