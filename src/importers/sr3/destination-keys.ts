import { sftpUrl } from "../address.ts";
import type { NativeEntry } from "../native-document.ts";
import type { At, Remarks } from "../remark.ts";
import { type Credential, findCredential } from "./credentials.ts";
import * as keys from "./flow-keys.ts";
import type { Sender } from "./sender.ts";

export type DestinationContext = { homeDirectory: string; credentials: readonly Credential[] };

/** Where a sender sends to, and how. */
export function sendingEntry(
  { remote }: Sender,
  sides: keys.Sides,
  target: { directory: string; from: readonly At[] },
  context: DestinationContext,
  remarks: Remarks,
): NativeEntry {
  const credential = findCredential(context.credentials, { schemes: ["sftp", "scp", "ssh", "fish"], ...remote });
  const sendTo = sides.sender.at("sendTo");
  if ((credential?.hasPassword === true || remote.hasPassword) && (credential?.keyFile ?? null) === null)
    remarks.note(
      sendTo,
      `sendTo: hotdir gives no password: ssh-copy-id brings a key to ${remote.host}, and 'ssh ${remote.host} true' must ask nothing`,
    );
  const from = [sendTo, ...(target.from.length > 0 ? target.from : [sides.sender.at("post_baseDir")])].filter((at) => at !== null);
  return {
    key: "destination",
    value: [
      { key: "url", value: sftpUrl({ ...remote, user: remote.user ?? credential?.user ?? null }, target.directory), from },
      ...keys.sshEntry(credential, context.homeDirectory),
      ...keys.lanesEntry(sides, remarks),
      ...keys.inflightEntry(sides, remarks),
      ...keys.preserveEntry(sides),
      ...keys.verifyEntry(sides, remarks),
      ...keys.accelerateEntry(sides, credential?.keyFile ?? null, remote, remarks),
      ...keys.bandwidthEntry(sides),
    ],
  };
}

/** What a flow does that fails, what it removes, when it works and what it says. */
export function restEntries(sides: keys.Sides, remarks: Remarks): NativeEntry[] {
  return [...keys.retryEntry(sides, remarks), ...keys.retainEntry(sides), ...keys.vipEntry(sides, remarks), ...keys.logEntry(sides)];
}
