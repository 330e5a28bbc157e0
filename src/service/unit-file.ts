import { HotdirError } from "../kernel/errors.ts";

export type UnitParts = {
  /** The launcher, absolute. */
  launcher: string;
  config: string;
  stateDirectory: string;
  /** null: a unit of the user's own manager; else the system's, which runs it as this user. */
  user: string | null;
  /** Of systemd; null: unknown. */
  version: number | null;
};

/** Units with this first line are ours to replace and to remove. */
export const OURS =
  "# Written by 'hotdir service install'; it is replaced by the next one. Own settings go into a drop-in (systemctl edit).";

/** So much longer than the daemon itself needs to end in order. */
const STOP_S = 45;
const RESTART_STEPS_SINCE = 254;

export function unitFile(parts: UnitParts): string {
  const args = ["run", "-c", parts.config, "--state-dir", parts.stateDirectory].map(quote);
  // In the first word systemd looks for no variables, so that two dollars would stay two.
  const command = [quoteText(parts.launcher), ...args].join(" ");
  return [
    OURS,
    "[Unit]",
    "Description=hotdir: what is dropped into a directory arrives at its destination",
    // The network may come and go: hotdir waits for it by itself.
    ...(parts.user === null ? [] : ["After=network.target local-fs.target remote-fs.target"]),
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=notify",
    "NotifyAccess=main",
    ...(parts.user === null ? [] : [`User=${parts.user}`]),
    `ExecStart=${command}`,
    "ExecReload=/bin/kill -HUP $MAINPID",
    "# Variables that the configuration takes from the environment, HOTDIR_SSH and the like may stand here, as NAME=value.",
    `EnvironmentFile=-${parts.user === null ? "%E/hotdir/environment" : "/etc/hotdir/environment"}`,
    "WatchdogSec=60",
    "Restart=always",
    "RestartSec=1",
    ...(parts.version !== null && parts.version >= RESTART_STEPS_SINCE ? ["RestartSteps=6", "RestartMaxDelaySec=60"] : []),
    "# A ledger of many millions of rows may take minutes to open after a crash.",
    "TimeoutStartSec=600",
    `TimeoutStopSec=${STOP_S}`,
    "KillMode=mixed",
    "# What is kept from it it never needs. /tmp, the home and the run-time directory stay: agents, keys and tickets are there.",
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    ...(parts.user === null
      ? []
      : ["ProtectSystem=full", "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectControlGroups=yes"]),
    "",
    "[Install]",
    `WantedBy=${parts.user === null ? "default.target" : "multi-user.target"}`,
    "",
  ].join("\n");
}

/** One word of a command line (systemd.service(5), COMMAND LINES), taken as it is: no variable, no specifier. */
export function quote(word: string): string {
  return quoteText(word.replaceAll("$", "$$$$"));
}

/** No specifier. */
function quoteText(word: string): string {
  if (/[\0\n\r]/.test(word))
    throw new HotdirError("bad-usage", { operation: "write the unit", detail: "a path with a line break cannot stand in a unit" });
  const escaped = word.replaceAll("%", "%%");
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Names that systemd takes, without `.service`. Throws `bad-usage`. */
export function checkName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9:_.@-]{0,100}$/.test(name) && !name.endsWith(".service")) return name;
  throw new HotdirError("bad-usage", {
    operation: "name the unit",
    detail: `${JSON.stringify(name)} is no name for a unit: letters, digits and - _ . : @, without '.service'`,
  });
}
