import { parseConfiguration } from "../config/parse.ts";
import { redact } from "../kernel/redact.ts";
import type { NativeEntry, NativeFlow, NativeValue } from "./native-document.ts";
import type { At, Remarks } from "./remark.ts";

/** What our own loader refuses of what was made, told at the lines that it was made of. */
export function noteRefusals(flows: readonly NativeFlow[], yaml: string, homeDirectory: string, remarks: Remarks): void {
  const parsed = parseConfiguration(yaml, "hotdir.yaml", { env: {}, homeDirectory, defaultSsh: ["ssh"] });
  if (parsed.ok) return;
  for (const { path, message, suggestion } of parsed.faults) {
    const [, name, ...keys] = path.split(/[.[\]]+/).filter((part) => part !== "");
    const flow = flows.find((one) => one.name === name);
    const at = flow === undefined ? null : (originOf(flow, keys) ?? firstOrigin(flow.entries));
    remarks.error(at, `${keys.filter((key) => !/^\d+$/.test(key)).join(".")}: ${redact(message)}`, suggestion);
  }
}

/** Of the key that is furthest down and has one. */
function originOf(flow: NativeFlow, keys: readonly string[]): At | null {
  let value: NativeValue = flow.entries;
  let found: At | null = null;
  for (const key of keys) {
    if (typeof value !== "object" || "template" in value) break;
    if ("items" in value) {
      found = value.items[Number(key)]?.from[0] ?? found;
      break;
    }
    const list: ReadonlyArray<NativeEntry | string> = value;
    const entry = list.find((one): one is NativeEntry => typeof one === "object" && one.key === key);
    if (entry === undefined) {
      const member = list[Number(key)];
      return typeof member === "string" ? (flow.members.get(member)?.[0] ?? found) : found;
    }
    found = entry.from?.[0] ?? found;
    value = entry.value;
  }
  return found;
}

/** Some line of its configuration. */
function firstOrigin(entries: readonly NativeEntry[]): At | null {
  for (const { from, value } of entries) {
    const own = from?.[0];
    if (own !== undefined) return { file: own.file, line: 1 };
    const inside = Array.isArray(value)
      ? firstOrigin(value.filter((one): one is NativeFlow["entries"][number] => typeof one === "object"))
      : null;
    if (inside !== null) return inside;
  }
  return null;
}
