import { isDeepStrictEqual } from "node:util";
import type { Remarks } from "../../remark.ts";
import { formatName } from "../configuration-file.ts";
import { options } from "../options.ts";
import { plugins } from "../plugins.ts";
import type { Configuration } from "../reader.ts";
import { Effective, type Setting } from "../settings.ts";
import { fateOf, type Role } from "./fates.ts";
import { isRemover } from "./remover-flow.ts";

const preset = new Effective();
const shared: ReadonlySet<string> = new Set(["default.conf", "admin.conf"]);
const asPlugins: ReadonlySet<string> = new Set(["callback", "callback_prepend", "plugin", "on_message"]);

/** A remark for each line that has no part in the flow: none is left out in silence. */
export function noteLines(configuration: Configuration, role: Role, remarks: Remarks): void {
  for (const setting of configuration.effective.all) if (setting.at !== null) noteLine(setting, configuration, role, remarks);
  for (const { name, at, fate } of plugins(configuration)) {
    if (fate === null) remarks.note(at, `callback ${name}: ${options.get("callback")!.carried.what}`);
    else if (fate.how === "needless") remarks.note(at, `callback ${name}: ${fate.what}`);
  }
}

function noteLine({ option, value, at }: Setting, configuration: Configuration, role: Role, remarks: Remarks): void {
  const fate = fateOf(option);
  if (fate === null || at === null || asPlugins.has(option)) return;
  const { carried, used } = fate;
  if (carried.how === "refused") {
    const isMeant = option === "download" && value.type === "flag" && (value.on || isRemover(configuration));
    if (!isDeepStrictEqual(value, preset.value(option)) && !isMeant) remarks.error(at, `${option}: ${carried.what}`);
    return;
  }
  if (carried.how === "needless" || carried.how === "left") {
    remarks.note(at, `${option}: ${carried.what}`);
    return;
  }
  if (role === "poster" && value.type === "inflight" && value.inflight.kind === "name")
    remarks.note(at, "inflight: in a watch only a time counts, in sr3 neither; reject leaves working files alone");
  if (used === null || used.includes(role) || (option === "delete_source" && isRemover(configuration)) || shared.has(at.file)) return;
  // What is as it is without being written says nothing.
  if (isDeepStrictEqual(value, preset.value(option))) return;
  remarks.note(at, `${option}: ${unusedBy(option, formatName(configuration))}`);
}

const elsewhere: Readonly<Record<string, string>> = {
  nodupe_ttl: "each version of a file is told of once; an unchanged file never again, and no failure is taken for a duplicate",
  fileEvents: "what passes through is not asked for its kind, in sr3 neither",
  sleep: "messages are worked on as they come",
  instances: "one process does it, with many messages under way at once",
  attempts: "what the broker does not take waits in the ledger until it does",
  retry_ttl: "what the broker does not take waits in the ledger until it does",
  permCopy: "a message that is passed on keeps what it tells",
  timeCopy: "a message that is passed on keeps what it tells",
  identity: "a message that is passed on keeps its digest, and what is fetched is compared with it",
  byteRateMax: "no file is moved",
  accelThreshold: "what is fetched or copied comes over connections of hotdir's own: no other program is run for it",
  accelScpCommand: "what is fetched or copied comes over connections of hotdir's own: no other program is run for it",
};

function unusedBy(option: string, name: string): string {
  return Object.hasOwn(elsewhere, option) ? elsewhere[option]! : `${name} makes no use of it, in sr3 neither`;
}
