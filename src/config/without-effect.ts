/** Whether the file has a key. */
export type Written = (...path: string[]) => boolean;

/** What a flow does with messages, where what it says is not two things at once. */
export function rolesOf(written: Written): {
  subscribes: boolean;
  tables: boolean;
  publishes: boolean;
  removes: boolean;
  commands: boolean;
} {
  const only = (section: string, keys: string[], one: string): boolean => keys.every((key) => written(section, key) === (key === one));
  const destinations = ["url", "commands", "publish", "remove"];
  const sources = ["directory", "posts", "table", "subscribe"];
  return {
    subscribes: only("source", sources, "subscribe"),
    tables: only("source", sources, "table"),
    publishes: only("destination", destinations, "publish"),
    removes: only("destination", destinations, "remove"),
    commands: only("destination", destinations, "commands"),
  };
}

/** A key that would do nothing in a flow, and why. */
export type IdleKey = { path: string[]; why: string };

const keysOfSubscriptions = ["base", "ssh", "match", "routes", "unmatched", "duplicates"];
const keysOfConnections = ["ssh", "compress", "preserve", "chmod", "segment_above", "accelerate", "bandwidth"];
const keysOfDirectories = [
  "ssh",
  "compress",
  "lanes",
  "inflight",
  "chmod",
  "durable",
  "segment_above",
  "accelerate",
  "bandwidth",
  "keep_free",
];

/** `written`: whether the file has the key. Such keys are refused where they are written, and not told where they are not. */
export function keysWithoutEffect(written: Written): IdleKey[] {
  const { subscribes, tables, publishes, removes, commands } = rolesOf(written);
  const idle = (section: string, keys: string[], why: string): IdleKey[] => keys.map((key) => ({ path: [section, key], why }));
  return [
    ...(subscribes || (written("source", "posts") && !written("source", "directory"))
      ? idle("source", ["rescan"], "where no directory is watched")
      : []),
    ...(tables
      ? idle(
          "source",
          ["settle", "propagate", "symlinks"],
          "with a table: a row says itself that its file is complete, and names nothing but files",
        )
      : []),
    ...(subscribes
      ? idle("source", ["symlinks"], "with subscribe: messages say what a path is")
      : idle("source", keysOfSubscriptions, "without subscribe")),
    ...(publishes ? idle("destination", keysOfDirectories, "with publish: no file is moved") : []),
    ...(commands ? idle("destination", keysOfConnections, "with commands: they move the bytes, in their own way") : []),
    ...(removes ? idle("destination", [...keysOfDirectories, "preserve", "verify"], "with remove: no file is moved") : []),
    ...(removes
      ? idle("source", ["base", "ssh", "propagate"], "with remove: what was announced is compared with what is in its directory")
      : []),
    ...(subscribes && publishes ? idle("source", ["base", "ssh"], "where messages are passed on: no file is looked at") : []),
  ];
}
