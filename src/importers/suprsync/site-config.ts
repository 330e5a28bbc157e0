import { readDocument } from "../../config/document.ts";
import { formatPath } from "../../config/fault.ts";
import { kindOf, type Located, type LocatedMap } from "../../config/located.ts";
import type { At, Remarks } from "../remark.ts";
import type { Word } from "./words.ts";

/** An agent of an OCS site configuration, of whatever class. */
export type Instance = { host: string; id: string; agentClass: string | null; words: readonly Word[]; at: At };
export type SiteConfig = { file: string; hosts: readonly string[]; instances: readonly Instance[] };

export const AGENT_CLASS = "SupRsync";

/**
 * `hosts: {NAME: {agent-instances: [{agent-class, instance-id, arguments: [...]}]}}`; arguments in one list, or in lists within it, which
 * are taken as one. What else stands in the file is OCS's. What cannot be read is an error with its line; null: nothing can be.
 */
export function readSiteConfig(text: string, file: string, remarks: Remarks): SiteConfig | null {
  const at = (node: Located): At => ({ file, line: node.at.line });
  const root = readDocument(
    text.replace(/^\ufeff/, ""),
    ({ at: { line }, path, message }) => remarks.error({ file, line }, `${path.length === 0 ? "" : `${formatPath(path)}: `}${message}`),
    { isForeign: true },
  );
  if (root === null || root.kind === "refused") return null;
  const hosts = mapIn(root, "hosts", at, remarks, "this is no OCS site configuration");
  if (hosts === null) return null;
  const instances = [...hosts.entries].flatMap(([host, { node }]) => {
    if (node.kind === "refused") return [];
    if (node.kind !== "map") {
      remarks.error(at(node), `hosts: ${host}: agent-instances and other keys are expected, found ${kindOf(node)}`);
      return [];
    }
    const list = node.entries.get("agent-instances")?.node;
    if (list === undefined || (list.kind === "scalar" && list.value === null)) return [];
    if (list.kind === "list") return list.items.flatMap((item) => instanceOf(item, host, at, remarks) ?? []);
    remarks.error(at(list), `${host}: agent-instances: a list is expected, found ${kindOf(list)}`);
    return [];
  });
  return { file, hosts: [...hosts.entries.keys()], instances };
}

function mapIn(root: Located, key: string, at: (node: Located) => At, remarks: Remarks, lack: string): LocatedMap | null {
  const node = root.kind === "map" ? root.entries.get(key)?.node : undefined;
  if (node?.kind === "map") return node;
  const found = node === undefined ? "there is no" : "a map is expected behind";
  remarks.error(at(node ?? root), `${found} ${key}: ${lack}`);
  return null;
}

function instanceOf(item: Located, host: string, at: (node: Located) => At, remarks: Remarks): Instance | null {
  if (item.kind !== "map") {
    if (item.kind !== "refused")
      remarks.error(at(item), `${host}: agent-instances: an agent is a map with instance-id, found ${kindOf(item)}`);
    return null;
  }
  const agentClass = textIn(item, "agent-class");
  const isOurs = agentClass === AGENT_CLASS;
  const id = textIn(item, "instance-id");
  if (id === null) {
    if (isOurs) remarks.error(at(item), `${host}: this ${AGENT_CLASS} has no instance-id`);
    return null;
  }
  const list = item.entries.get("arguments")?.node;
  // Of other agents nothing is said.
  const words = isOurs && list !== undefined ? wordsOf(list, id, at, remarks) : [];
  return { host, id, agentClass, words, at: at(item) };
}

function textIn(map: LocatedMap, key: string): string | null {
  const node = map.entries.get(key)?.node;
  return node?.kind === "scalar" && node.value !== null ? textOf(node) : null;
}

/** As Python's `str` has it, numbers as they are written. */
function textOf(node: Located & { kind: "scalar" }): string {
  if (typeof node.value === "boolean") return node.value ? "True" : "False";
  return typeof node.value === "string" ? node.value : node.source;
}

function wordsOf(list: Located, id: string, at: (node: Located) => At, remarks: Remarks): Word[] {
  if (list.kind === "refused" || (list.kind === "scalar" && list.value === null)) return [];
  if (list.kind !== "list") {
    remarks.error(at(list), `${id}: arguments: a list is expected, found ${kindOf(list)}`);
    return [];
  }
  return list.items.flatMap((item): Word[] => {
    if (item.kind === "list") return wordsOf(item, id, at, remarks);
    if (item.kind === "scalar" && item.value !== null) return [{ text: textOf(item), at: at(item) }];
    if (item.kind !== "refused") remarks.error(at(item), `${id}: arguments: an argument or its value is expected, found ${kindOf(item)}`);
    return [];
  });
}
