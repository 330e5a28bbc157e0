import { parseConfiguration } from "../../src/config/parse.ts";
import type { FlowSettings, PublishSettings, SubscribedSource } from "../../src/flow/settings.ts";
import { formatRemark } from "../../src/importers/remark.ts";
import { type Imported, importTree } from "../../src/importers/sr3/import-tree.ts";
import { treeOf, type TreeText } from "./sr3-tree.ts";

/** What `import sr3` makes of a tree in memory, over its broker. */
export function imported(files: TreeText, wanted: string[] | null = null): Imported {
  const tree = treeOf({ "credentials.conf": "amqps://u:secret@hub\n", ...files });
  return importTree(tree, wanted === null ? null : ({ component, name }) => wanted.includes(`${component}/${name}`), {
    withoutBroker: false,
  });
}

/** As the loader of our own files takes it. */
export function settingsOf({ yaml, remarks }: Imported): FlowSettings[] {
  if (yaml === null) throw new Error(remarks.map(formatRemark).join("\n"));
  const place = { env: {}, homeDirectory: "/home/bob", defaultSsh: ["ssh"] };
  const parsed = parseConfiguration(yaml, "/home/bob/hotdir.yaml", place);
  if (!parsed.ok) throw new Error(`${JSON.stringify(parsed.faults)}\n${yaml}`);
  return parsed.configuration.flows;
}

export function flowOf(files: TreeText, name?: string): FlowSettings {
  const flow = settingsOf(imported(files)).find((one) => name === undefined || one.name === name);
  if (flow === undefined) throw new Error(`there is no ${name}`);
  return flow;
}

export function subscribed({ source }: FlowSettings): SubscribedSource {
  if (source.kind !== "subscribed") throw new Error("it does not subscribe");
  return source;
}

export function published({ destination: { place } }: FlowSettings): PublishSettings {
  if (place.kind !== "publish") throw new Error("it does not publish");
  return place.publish;
}

export function said({ remarks }: Imported, kind: string): string[] {
  return remarks.filter((remark) => remark.kind === kind).map(formatRemark);
}
