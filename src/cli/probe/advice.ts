import type { ErrorCode } from "../../kernel/error-codes.ts";
import type { SshPlace } from "../../flow/settings.ts";

/** How the user's own ssh is called for this host, for copying. */
export function sshCommand(place: SshPlace, more = "true"): string {
  const target = place.user === null ? place.host : `${place.user}@${place.host}`;
  return [...place.ssh, ...(place.port === null ? [] : ["-p", String(place.port)]), target, more].filter((word) => word !== "").join(" ");
}

/** What to try when a destination is out of reach. */
export function adviceFor(code: ErrorCode, place: SshPlace): string {
  const target = place.user === null ? place.host : `${place.user}@${place.host}`;
  switch (code) {
    case "login-refused":
      return `a key or agent must let you in without a question: 'ssh-keygen' makes a key (once), 'ssh-copy-id ${target}' brings it there; then '${sshCommand(place)}' must end without asking anything`;
    case "host-key-changed":
      return `'${sshCommand(place)}' shows the host's key: accept it if the host is new to you; if it was reinstalled, and you have asked its keepers, 'ssh-keygen -R ${place.host}' forgets the old one`;
    case "no-sftp":
      return `'${sshCommand(place)}' must print nothing (a start-up file that prints breaks SFTP), and the host's sshd needs its sftp subsystem`;
    case "too-many-connections":
      return "wait a little; 'destination: {lanes: 1}' asks for fewer connections";
    default:
      return `'${sshCommand(place)}' must end without an error; is the host's name right, and is its network reached from here?`;
  }
}
