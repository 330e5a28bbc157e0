/** A key that would do nothing in a flow, and why. */
export type IdleKey = { path: string[]; why: string };

const keysOfSubscriptions = ["base", "ssh", "match", "routes", "unmatched", "duplicates"];
const keysOfDirectories = ["ssh", "lanes", "inflight", "durable", "segment_above", "accelerate", "bandwidth", "keep_free"];

/** `written`: whether the file has the key. Such keys are refused where they are written, and not told where they are not. */
export function keysWithoutEffect(written: (...path: string[]) => boolean): IdleKey[] {
  const subscribes = written("source", "subscribe") && !written("source", "directory");
  const publishes = written("destination", "publish") && !written("destination", "url");
  const idle = (section: string, keys: string[], why: string): IdleKey[] => keys.map((key) => ({ path: [section, key], why }));
  return [
    ...(subscribes || (written("source", "posts") && !written("source", "directory"))
      ? idle("source", ["rescan"], "where no directory is watched")
      : []),
    ...(subscribes ? [] : idle("source", keysOfSubscriptions, "without subscribe")),
    ...(publishes ? idle("destination", keysOfDirectories, "with publish: no file is moved") : []),
    ...(subscribes && publishes ? idle("source", ["base", "ssh"], "where messages are passed on: no file is looked at") : []),
  ];
}
