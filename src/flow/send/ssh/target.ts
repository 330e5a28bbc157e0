import { HotdirError } from "../../../kernel/errors.ts";

/** Where to, and by which command. `compress`: whatever the user's configuration says; left out: as that says. */
export type SshTarget = { ssh: string[]; host: string; user: string | null; port: number | null; compress?: boolean };

/**
 * No prompt ever; a dead peer is noticed within a minute; none of the user's forwardings, which a
 * second lane could not have; never the master of a shared connection, whose end would end the other
 * lanes (an existing master is used); and what sftp(1) itself switches off.
 */
const options = [
  "BatchMode=yes",
  "ConnectTimeout=15",
  "ServerAliveInterval=15",
  "ServerAliveCountMax=4",
  "ClearAllForwardings=yes",
  "ForwardAgent=no",
  "ForwardX11=no",
  "PermitLocalCommand=no",
  "RemoteCommand=none",
  "RequestTTY=no",
  "ControlMaster=no",
];

/** The whole argv. `what` is a subsystem of the far side, or one command line for its login shell. */
export function sshArguments(target: SshTarget, what: { subsystem: string } | { commandLine: string }): string[] {
  const { host, user, port } = target;
  if (target.ssh.length === 0) throw badTarget("the ssh command is empty");
  if (host === "" || host.startsWith("-")) throw badTarget(`"${host}" is no host name`);
  const argv = [...target.ssh, ...options.map((option) => `-o${option}`)];
  if (target.compress === true) argv.push("-oCompression=yes");
  if (user !== null) argv.push("-l", user);
  if (port !== null) argv.push("-p", String(port));
  return "subsystem" in what ? [...argv, "-s", "--", host, what.subsystem] : [...argv, "--", host, what.commandLine];
}

function badTarget(detail: string): HotdirError {
  return new HotdirError("bad-configuration", { operation: "connect", detail });
}
