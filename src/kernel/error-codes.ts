/**
 * The one table of what can go wrong. `scope` says what is unwell, and so who acts:
 *   file         this transfer waits or dies; others are not held up
 *   connection   the lane is replaced; its transfers are handed back, no attempt is counted
 *   destination  the flow waits with back-off; no attempt is counted
 *   origin       this transfer waits, longer each time; those of other origins are not held up, and no attempt is counted
 *   unclear      could be the file or the destination: it counts against the file only when another file succeeded since
 *   daemon       the flow or the program stops, and says so
 * `retry`: `backoff` tries again by itself, `never` needs a person.
 * SFTP status codes, ssh's endings and errno are mapped to these in exactly one file each.
 */
export const errorCodes = {
  // The source file
  "source-changed": { scope: "file", retry: "backoff", says: "the source file changed while it was being sent" },
  "source-gone": { scope: "file", retry: "never", says: "the source file is no longer there" },
  "source-unreadable": { scope: "file", retry: "backoff", says: "the source file cannot be read" },
  "source-differs": { scope: "file", retry: "backoff", says: "the source file is not the content that was registered" },
  // The row of a table that named the file
  "row-unusable": { scope: "file", retry: "never", says: "the row of the table cannot be followed" },
  "row-exhausted": { scope: "file", retry: "never", says: "the row of the table says that it failed too often" },
  // Where the file of a message is to be fetched
  "origin-unreachable": { scope: "origin", retry: "backoff", says: "the file's origin cannot be reached" },
  "origin-lost": { scope: "origin", retry: "backoff", says: "the connection to the file's origin was lost" },
  "origin-cut": { scope: "file", retry: "backoff", says: "the file's origin ended before the file did" },
  "origin-lacks": { scope: "file", retry: "backoff", says: "the file's origin does not have it (yet)" },
  "origin-differs": { scope: "file", retry: "backoff", says: "the file's origin gave something else than was announced" },
  "origin-unusable": { scope: "file", retry: "never", says: "no file can be fetched from there" },
  // The far side's answer about one path
  "not-found": { scope: "file", retry: "backoff", says: "the path does not exist at the destination" },
  "permission-denied": { scope: "file", retry: "backoff", says: "the destination refuses this path" },
  exists: { scope: "file", retry: "backoff", says: "something is there already" },
  "not-empty": { scope: "file", retry: "backoff", says: "the directory is not empty" },
  "wrong-type": { scope: "file", retry: "backoff", says: "something of another type is in the way" },
  "name-refused": { scope: "file", retry: "never", says: "the destination cannot hold this name" },
  "file-too-large": { scope: "file", retry: "never", says: "the destination cannot hold a file of this size" },
  unsupported: { scope: "file", retry: "never", says: "the destination does not offer this operation" },
  "digest-mismatch": { scope: "file", retry: "backoff", says: "the bytes read back at the destination are not those of the source" },
  "digest-unavailable": { scope: "file", retry: "backoff", says: "the destination's bytes could not be read back" },
  "broker-refused": { scope: "file", retry: "backoff", says: "the broker refuses this message" },
  "accelerator-failed": { scope: "file", retry: "backoff", says: "the accelerator command failed" },
  duplicate: { scope: "file", retry: "never", says: "the catalog has the same name with the same content already" },
  "catalog-conflict": { scope: "file", retry: "never", says: "the catalog has no place for this file" },
  "transfer-failed": { scope: "file", retry: "backoff", says: "the transfer command failed" },
  internal: { scope: "file", retry: "backoff", says: "hotdir itself made a mistake; please report it" },
  refused: { scope: "unclear", retry: "backoff", says: "the destination refused without saying why" },
  // The connection
  "connection-lost": { scope: "connection", retry: "backoff", says: "the connection was lost" },
  "connection-stalled": { scope: "connection", retry: "backoff", says: "the connection made no progress" },
  "protocol-violation": { scope: "connection", retry: "backoff", says: "the far side did not keep to the protocol" },
  // The destination as a whole
  unreachable: { scope: "destination", retry: "backoff", says: "the host cannot be reached" },
  "login-refused": { scope: "destination", retry: "backoff", says: "the host refuses the login" },
  "host-key-changed": { scope: "destination", retry: "backoff", says: "the host's key is not the known one" },
  "too-many-connections": { scope: "destination", retry: "backoff", says: "the host takes no more connections for now" },
  "ssh-failed": { scope: "destination", retry: "backoff", says: "the ssh command failed" },
  "remote-command-failed": { scope: "destination", retry: "backoff", says: "the remote command failed" },
  "command-not-started": { scope: "destination", retry: "backoff", says: "a command of the destination cannot be started" },
  "no-sftp": { scope: "destination", retry: "backoff", says: "the host offers no SFTP" },
  "staging-elsewhere": {
    scope: "destination",
    retry: "backoff",
    says: "the staging directory is on another file system than the destination, so nothing can be published by a rename",
  },
  "destination-missing": { scope: "destination", retry: "backoff", says: "the destination directory cannot be reached or made" },
  "destination-full": { scope: "destination", retry: "backoff", says: "the destination has no free space" },
  "destination-read-only": { scope: "destination", retry: "backoff", says: "the destination is read-only" },
  "destination-io": { scope: "destination", retry: "backoff", says: "the destination's storage fails" },
  // What is done after a receipt
  "catalog-failed": { scope: "destination", retry: "backoff", says: "the catalog cannot be used" },
  // Us
  "state-failed": { scope: "daemon", retry: "never", says: "the ledger cannot be written" },
  "own-file-failed": { scope: "daemon", retry: "never", says: "a file of hotdir's own cannot be written" },
  "state-newer": { scope: "daemon", retry: "never", says: "the ledger was written by a newer hotdir" },
  "broker-away": { scope: "daemon", retry: "backoff", says: "the broker cannot be asked now" },
  "state-other": { scope: "daemon", retry: "never", says: "the ledger was written by another hotdir" },
  "state-on-network": { scope: "daemon", retry: "never", says: "the state directory is on a network file system" },
  "state-owned": { scope: "daemon", retry: "never", says: "another daemon owns the state directory" },
  "database-failed": { scope: "daemon", retry: "never", says: "the database of another program cannot be used" },
  "not-in-time": { scope: "daemon", retry: "never", says: "it did not come about in time" },
  "bad-configuration": { scope: "daemon", retry: "never", says: "the configuration has faults" },
  "bad-usage": { scope: "daemon", retry: "never", says: "it cannot be done as asked" },
  interrupted: { scope: "daemon", retry: "backoff", says: "hotdir was asked to stop" },
} as const satisfies Record<string, { scope: Scope; retry: "backoff" | "never"; says: string }>;

export type Scope = "file" | "connection" | "destination" | "origin" | "unclear" | "daemon";
export type ErrorCode = keyof typeof errorCodes;
