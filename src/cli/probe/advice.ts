import type { ErrorCode } from "../../kernel/error-codes.ts";
import type { SshPlace } from "../../flow/settings.ts";
import { shellText } from "./shell-word.ts";

function targetOf(place: SshPlace): string {
  return place.user === null ? place.host : `${place.user}@${place.host}`;
}

/** How the user's own ssh is called for this host, for copying. `more` is the command line for the far side. */
export function sshCommand(place: SshPlace, more = "true"): string {
  const words = [...place.ssh, ...(place.port === null ? [] : ["-p", String(place.port)]), targetOf(place), more];
  return words
    .filter((word) => word !== "")
    .map(shellText)
    .join(" ");
}

/** The companion of ssh that takes the same options and target. */
function companion(program: string, place: SshPlace): string {
  // What a wrapper of another name takes is not known.
  const options = /(^|\/)ssh$/.test(place.ssh[0] ?? "") ? place.ssh.slice(1) : [];
  return [program, ...options, ...(place.port === null ? [] : ["-p", String(place.port)]), targetOf(place)].map(shellText).join(" ");
}

/** What to try when a destination is out of reach. `said`: the words of ssh, as far as they tell more than the code. */
export function adviceFor(code: ErrorCode, place: SshPlace, said = ""): string {
  const login = sshCommand(place);
  switch (code) {
    case "login-refused":
      return `a key or agent must let you in without a question: 'ssh-keygen -t ed25519' makes a key (once), '${companion("ssh-copy-id", place)}' brings it there; then '${login}' must end without asking anything`;
    case "host-key-changed":
      return /has changed/i.test(said)
        ? `if the host was reinstalled, and its keepers confirm that, 'ssh-keygen -R ${shellText(knownName(place))}' forgets the old key and '${login}' shows the new one; if not, somebody may stand between`
        : `the host is new to ssh: '${login}' shows its key; compare it with what the host's keepers publish, and answer yes`;
    case "no-sftp":
      return `'${login}' must print nothing (a start-up file that prints breaks SFTP), and the host's sshd_config needs the line 'Subsystem sftp internal-sftp'`;
    case "too-many-connections":
      return "wait a little; 'destination: {lanes: 1}' asks for fewer connections, and 'MaxStartups 100' in the host's sshd_config allows more";
    case "ssh-failed":
      return `'${login}' must end without an error: ssh itself says what it does not like`;
    default:
      return `'${login}' must end without an error; is the host's name right, and is its network reached from here? '${sshCommand({ ...place, ssh: [...place.ssh, "-v"] })}' tells how far it gets`;
  }
}

/** As known_hosts has it. */
function knownName(place: SshPlace): string {
  return place.port === null || place.port === 22 ? place.host : `[${place.host}]:${place.port}`;
}
