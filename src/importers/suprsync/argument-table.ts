/**
 * Every argument that a SupRsync agent may be given, as its users write them. `kind`: what its value is; `flag` has none. `fallback`: what
 * it is where it is not given. `unused`: it is taken, and does nothing here; why.
 */
export type ArgumentSpec = {
  kind: "text" | "seconds" | "count" | "flag";
  value?: string;
  required?: true;
  fallback?: string;
  unused?: string;
  says: string;
};

const OF_SQLALCHEMY = "it is about SQLAlchemy's connections, and there are none";
const OF_OCS = "hotdir does not register with OCS: 'hotdir status --json' and /metrics tell what the agent's feeds did";

const argumentTable = {
  "archive-name": { kind: "text", value: "NAME", required: true, says: "rows of this archive are copied" },
  "remote-basedir": { kind: "text", value: "DIR", required: true, says: "the directory that remote paths begin in" },
  "db-path": { kind: "text", value: "FILE", required: true, says: "the SQLite database; it is made where it is missing" },
  "suprsync-file-root": {
    kind: "text",
    value: "DIR",
    required: true,
    says: "where finalization files are written on this machine, before they are sent",
  },
  "ssh-host": { kind: "text", value: "USER@HOST", says: "where files are copied to (default: a directory of this machine)" },
  "ssh-key": { kind: "text", value: "FILE", says: "the key for that host (default: as ssh finds it)" },
  "delete-local-after": {
    kind: "seconds",
    value: "SECONDS",
    says: "verified files are deleted so long after they were added (default: never)",
  },
  "max-copy-attempts": { kind: "count", value: "N", fallback: "5", says: "a file that failed so often is no longer tried (5)" },
  "sleep-time": { kind: "seconds", value: "SECONDS", fallback: "60", says: "between two looks at the table (60)" },
  compression: { kind: "flag", says: "compress on the wire" },
  bwlimit: { kind: "text", value: "RATE", says: "the most that is sent, as rsync has it: KiB/s, or with K, M, G (default: no limit)" },
  chmod: { kind: "text", value: "MODES", fallback: "g+rwX,o+rX", says: "what is done to the mode at the destination (g+rwX,o+rX)" },
  "instance-id": { kind: "text", value: "ID", says: "the agent's name, in the paths of its finalization files" },
  "copy-timeout": {
    kind: "seconds",
    value: "SECONDS",
    unused:
      "a copy that gets on is never ended, however long it takes; one that does not is given up after a minute without a byte, and tried again (a large file goes on from where it was)",
    says: "taken: a copy is ended only while nothing moves",
  },
  "cmd-timeout": {
    kind: "seconds",
    value: "SECONDS",
    unused: "a remote command is given up while nothing comes of it, and not for taking long: MD5s of large files do",
    says: "taken: a remote command is ended only while nothing comes of it",
  },
  "files-per-batch": {
    kind: "count",
    value: "N",
    unused: "files are under way one beside the other, and each row is written when its file is done",
    says: "taken: there are no rounds that wait for their last file",
  },
  "db-echo": { kind: "flag", unused: OF_SQLALCHEMY, says: "taken and passed over" },
  "db-pool-size": { kind: "count", value: "N", unused: OF_SQLALCHEMY, says: "taken and passed over" },
  "db-pool-max-overflow": { kind: "count", value: "N", unused: OF_SQLALCHEMY, says: "taken and passed over" },
  "site-hub": { kind: "text", value: "URL", unused: OF_OCS, says: "taken and passed over, as all that is OCS's own:" },
  "site-http": { kind: "text", value: "URL", unused: OF_OCS, says: "taken and passed over" },
  "site-realm": { kind: "text", value: "REALM", unused: OF_OCS, says: "taken and passed over" },
  "address-root": { kind: "text", value: "ROOT", unused: OF_OCS, says: "taken and passed over" },
  "registry-address": { kind: "text", value: "ADDRESS", unused: OF_OCS, says: "taken and passed over" },
  "crossbar-timeout": { kind: "seconds", value: "SECONDS", unused: OF_OCS, says: "taken and passed over" },
  "log-dir": {
    kind: "text",
    value: "DIR",
    unused: "the log is on standard error, and in files in the state directory ('hotdir log')",
    says: "taken and passed over",
  },
  "working-dir": {
    kind: "text",
    value: "DIR",
    unused: "relative paths begin where hotdir is started",
    says: "taken and passed over",
  },
} as const satisfies Record<string, ArgumentSpec>;

export type ArgumentName = keyof typeof argumentTable;

export const argumentNames = Object.keys(argumentTable) as ArgumentName[];

export function specOf(name: ArgumentName): ArgumentSpec {
  return argumentTable[name];
}
