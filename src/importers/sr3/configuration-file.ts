/** The folders of sr3's configuration directory, one for each component. */
export const components = [
  "cpost",
  "cpump",
  "flow",
  "poll",
  "post",
  "report",
  "sarra",
  "sender",
  "shovel",
  "subscribe",
  "watch",
  "winnow",
] as const;
export type Component = (typeof components)[number];

export function isComponent(text: string): text is Component {
  return (components as readonly string[]).includes(text);
}

/** `sender/to_hpfx`, in the file `sender/to_hpfx.conf`. */
export type ConfigurationName = { component: Component; name: string };

export function formatName({ component, name }: ConfigurationName): string {
  return `${component}/${name}`;
}

/** What this machine fills in. */
export type Machine = { env: Readonly<Record<string, string | undefined>>; homeDirectory: string; hostname: string };

export type FileRead = { kind: "text"; text: string } | { kind: "missing" } | { kind: "refused"; message: string };

/** The files, by absolute path. Reading is the caller's: nothing in here touches a disk. */
export type Files = { read: (path: string) => FileRead };
