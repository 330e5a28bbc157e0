import { join } from "node:path";
import { redact } from "../../../kernel/redact.ts";
import type { NativeEntry } from "../../native-document.ts";
import type { At, Remarks } from "../../remark.ts";
import type { BrokerUrl } from "../broker-url.ts";
import type { Files, Machine } from "../configuration-file.ts";
import type { Configuration } from "../reader.ts";

export type QueueContext = { files: Files; machine: Machine };

/**
 * The queue that sr3 uses for this configuration: its name is in a file of sr3's cache, which counts more than the options do. So hotdir
 * takes over what waits in it. Without that file the name is made as sr3 makes it, but for the digits, which sr3 makes up.
 */
export function queueEntry(configuration: Configuration, broker: BrokerUrl, context: QueueContext, remarks: Remarks): NativeEntry {
  const { effective, file } = configuration;
  const at = effective.at("queueName") ?? effective.at("queueShare");
  const from: At[] = at === null ? [] : [at];
  const path = queueFile(configuration, broker, context.machine);
  const read = context.files.read(path);
  const kept = read.kind === "text" ? read.text.trim() : "";
  if (read.kind === "refused")
    remarks.error({ file, line: 1 }, `${path}, which holds the name of sr3's queue, cannot be read: ${read.message}`);
  if (kept !== "") {
    if (/[\s\p{C}]/u.test(kept)) remarks.error({ file, line: 1 }, `${path}: what it holds is no name of a queue`);
    if (at !== null && kept !== configuration.queueName)
      remarks.note(at, `queueName: sr3 goes on with ${redact(kept)}, which it used before, whatever the line says`);
    return { key: "queue", value: kept, from, because: "the queue that sr3 used" };
  }
  const { queueName } = configuration;
  const unknown = /\$\{[^{}]*\}/.exec(queueName);
  if (unknown !== null)
    remarks.error(
      at ?? { file, line: 1 },
      `queueName: there is no variable ${unknown[0].slice(2, -1)}: sr3 would take ${unknown[0]} as it stands`,
    );
  if (queueName.includes(configuration.digits))
    remarks.assumed(
      at ?? { file, line: 1 },
      `the queue is ${redact(queueName)}: sr3 makes up the digits, and would have noted them in ${path}; hosts that share the work must name one queue`,
    );
  return { key: "queue", value: queueName, from };
}

function queueFile({ component, name, effective }: Configuration, { user }: BrokerUrl, { env, homeDirectory, hostname }: Machine): string {
  const cache = join(env["XDG_CACHE_HOME"] || join(homeDirectory, ".cache"), "sr3");
  const host = effective.flag("statehost") ? hostname.split(".")[0]! : "";
  return join(cache, host, component, name, `${component}.${name}.${user}.qname`);
}
