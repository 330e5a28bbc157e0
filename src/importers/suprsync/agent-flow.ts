import { formatDuration, formatDurationRange, formatRate } from "../../config/units.ts";
import { escapeUrl, sftpUrl } from "../address.ts";
import { asFlowName } from "../flow-name.ts";
import type { NativeEntry, NativeFlow } from "../native-document.ts";
import type { Agent } from "./agent.ts";

/** Less, and more, is not offered. */
const SLEEP_S_MIN = 0.1;
const SLEEP_S_MAX = 3600;
const BYTES_PER_S_MIN = 1000;
/** The longest wait between two attempts, as it is where nothing is said. */
const LONGEST_WAIT_S = 600;
const DAY_S = 86_400;

/** The native form of an agent. The one place that knows how the keys are spelled. `ssh`: the command that a key is added to. */
export function agentFlow(agent: Agent, context: { name: string; about: string; ssh: readonly string[] }): NativeFlow {
  return {
    name: context.name,
    about: context.about,
    entries: [
      { key: "source", value: [tableEntry(agent)] },
      { key: "destination", value: destinationEntries(agent, context.ssh) },
      retryEntry(agent),
      ...retainEntries(agent),
      completionEntry(agent),
    ],
    members: new Map(),
  };
}

export function flowNameOf({ archive }: Agent): string {
  return asFlowName(archive);
}

function tableEntry({ archive, database, sleepS, origin }: Agent): NativeEntry {
  return {
    key: "table",
    value: [
      { key: "database", value: database, ...origin("db-path") },
      { key: "where", value: [{ key: "archive_name", value: archive, ...origin("archive-name") }] },
      { key: "poll", value: seconds(Math.min(Math.max(sleepS, SLEEP_S_MIN), SLEEP_S_MAX)), ...origin("sleep-time") },
    ],
  };
}

function destinationEntries(agent: Agent, ssh: readonly string[]): NativeEntry[] {
  const { host, remoteBase, sshKey, chmod, compress, bytesPerS, origin } = agent;
  const to = origin("remote-basedir");
  const at = origin("ssh-host");
  return [
    host === null
      ? { key: "url", value: `file:${escapeUrl(remoteBase)}`, from: to.from, because: "--remote-basedir, without --ssh-host" }
      : {
          key: "url",
          value: sftpUrl({ ...host, port: null }, remoteBase.replace(/^~(?:\/|$)/, "") || "."),
          from: [...at.from, ...to.from],
          because: "--ssh-host, --remote-basedir",
        },
    ...(sshKey === null ? [] : [{ key: "ssh", value: [...ssh, "-i", sshKey], ...origin("ssh-key") }]),
    { key: "verify", value: "md5", because: "the table holds MD5s" },
    // Without a mode to set, rsync leaves modes to the destination.
    { key: "preserve", value: chmod === "" ? ["mtime"] : ["mtime", "mode"] },
    ...(chmod === "" ? [] : [{ key: "chmod", value: chmod, ...origin("chmod") }]),
    ...(compress && host !== null ? [{ key: "compress", value: true, ...origin("compression") }] : []),
    ...(bytesPerS === null ? [] : [{ key: "bandwidth", value: formatRate(Math.max(bytesPerS, BYTES_PER_S_MIN)), ...origin("bwlimit") }]),
  ];
}

/** The first wait is that of a round; then they grow. */
function retryEntry({ attemptsMax, sleepS, origin }: Agent): NativeEntry {
  const leastS = Math.min(Math.max(sleepS, SLEEP_S_MIN), DAY_S);
  const backoff = formatDurationRange({ minMs: leastS * 1000, maxMs: Math.max(leastS, LONGEST_WAIT_S) * 1000 });
  return {
    key: "retry",
    value: [
      { key: "attempts", value: attemptsMax, ...origin("max-copy-attempts") },
      { key: "backoff", value: backoff, ...origin("sleep-time") },
    ],
  };
}

function retainEntries({ deleteAfterS, origin }: Agent): NativeEntry[] {
  if (deleteAfterS === null) return [];
  const { from, because } = origin("delete-local-after");
  return [
    {
      key: "retain",
      value: [{ key: "delete_after", value: seconds(deleteAfterS), from, because: `${because}, from the row's timestamp on` }],
    },
  ];
}

function completionEntry({ archive, fileRoot, instance, origin }: Agent): NativeEntry {
  return {
    key: "completion",
    value: [
      { key: "sets", value: String.raw`\d{5}`, because: "timecode directories" },
      { key: "whole", value: "timecode" },
      {
        key: "manifest",
        value: [
          { key: "format", value: "suprsync" },
          { key: "directory", value: fileRoot, ...origin("suprsync-file-root") },
          { key: "instance", value: instance, ...origin("instance-id") },
          { key: "archive", value: archive, ...origin("archive-name") },
        ],
      },
    ],
  };
}

function seconds(value: number): string {
  return formatDuration(Math.round(value * 1000));
}
