import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect as connectTcp } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleepFor } from "node:timers/promises";
import type { SshTarget } from "../../src/flow/send/ssh/target.ts";

export type SshdOptions = {
  /** Lines added to sshd_config. */
  extraConfig?: string[];
  /** The command of `Subsystem sftp`; by default the real sftp-server, started in `home`. null: none. */
  subsystem?: string | null;
  /** Below this the temporary directory is made; /dev/shm for measuring. */
  parent?: string;
};

export type TestSshd = AsyncDisposable & {
  port: number;
  /** `ssh -F sshConfigFile hostAlias` works. */
  sshConfigFile: string;
  hostAlias: string;
  target: Required<SshTarget>;
  /** Where relative SFTP paths land. A shell starts in the account's own home instead: give it absolute paths. */
  home: string;
  /** Everything of this server: keys, configuration, `home`, and room for a test's own files. */
  directory: string;
  pid: number;
  log(): string;
  stop(): Promise<void>;
};

/** A real sshd on a free port of loopback, with keys of its own; works with and without being root. */
export async function startSshd(options: SshdOptions = {}): Promise<TestSshd> {
  const sshd = programPath("sshd", ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"]);
  const directory = mkdtempSync(join(options.parent ?? tmpdir(), "hotdir-sshd-"));
  chmodSync(directory, 0o755);
  const home = join(directory, "home");
  mkdirSync(home);
  // sshd of root insists on its privilege separation directory.
  if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true });
  for (const key of ["host_key", "user_key"]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, key)]);
  writeFileSync(join(directory, "authorized_keys"), readFileSync(join(directory, "user_key.pub")));
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const running = await tryStart(sshd, directory, port, sshdConfig(directory, home, port, options));
    if (running === null && tries < 5) continue;
    if (running === null) throw new Error(`sshd did not start: ${readLog(directory)}`);
    return describeServer(running, directory, home, port);
  }
}

/** The real sftp-server; throws where there is none. */
export function sftpServerPath(): string {
  return programPath("sftp-server", [
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/libexec/sftp-server",
  ]);
}

function programPath(name: string, candidates: string[]): string {
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined) throw new Error(`these tests need ${name} (Debian: apt-get install openssh-server)`);
  return found;
}

function sshdConfig(directory: string, home: string, port: number, options: SshdOptions): string {
  const subsystem = options.subsystem === undefined ? `${sftpServerPath()} -d ${home}` : options.subsystem;
  const extra = options.extraConfig ?? [];
  const given = new Set(extra.map((line) => line.split(" ")[0]));
  const ours = [
    "ListenAddress 127.0.0.1",
    `Port ${port}`,
    `HostKey ${join(directory, "host_key")}`,
    `AuthorizedKeysFile ${join(directory, "authorized_keys")}`,
    `PidFile ${join(directory, "sshd.pid")}`,
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin yes",
    "MaxStartups 100",
    "MaxSessions 100",
    "UseDNS no",
    "PrintMotd no",
    ...(subsystem === null ? [] : [`Subsystem sftp ${subsystem}`]),
  ];
  // For some keywords sshd takes the first value, for others the last.
  return [...extra, ...ours.filter((line) => !given.has(line.split(" ")[0])), ""].join("\n");
}

async function tryStart(sshd: string, directory: string, port: number, config: string): Promise<ChildProcess | null> {
  writeFileSync(join(directory, "sshd_config"), config);
  const child = spawn(sshd, ["-D", "-f", join(directory, "sshd_config"), "-E", join(directory, "sshd.log")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const gone = new Promise<false>((resolve) => child.once("exit", () => resolve(false)));
  const listening = (async () => {
    for (let tries = 0; tries < 200 && child.exitCode === null; tries++) {
      if (await accepts(port)) return true;
      await sleepFor(25);
    }
    return false;
  })();
  if ((await Promise.race([gone, listening])) && child.exitCode === null) return child;
  child.kill("SIGKILL");
  return null;
}

function describeServer(child: ChildProcess, directory: string, home: string, port: number): TestSshd {
  const hostAlias = "cluster";
  const sshConfigFile = join(directory, "ssh_config");
  writeFileSync(join(directory, "known_hosts"), `[127.0.0.1]:${port} ${readFileSync(join(directory, "host_key.pub"), "utf8")}`);
  writeFileSync(
    sshConfigFile,
    [
      `Host ${hostAlias}`,
      "  HostName 127.0.0.1",
      `  Port ${port}`,
      `  User ${userInfo().username}`,
      `  IdentityFile ${join(directory, "user_key")}`,
      "  IdentitiesOnly yes",
      `  UserKnownHostsFile ${join(directory, "known_hosts")}`,
      "  GlobalKnownHostsFile /dev/null",
      "  StrictHostKeyChecking yes",
      "",
    ].join("\n"),
  );
  const stop = async (): Promise<void> => {
    await stopProcess(child);
    rmSync(directory, { recursive: true, force: true });
  };
  return {
    port,
    sshConfigFile,
    hostAlias,
    target: { ssh: ["ssh", "-F", sshConfigFile], host: hostAlias, user: null, port: null, compress: false },
    home,
    directory,
    pid: child.pid!,
    log: () => readLog(directory),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}

function readLog(directory: string): string {
  const file = join(directory, "sshd.log");
  return existsSync(file) ? readFileSync(file, "utf8") : "(no log)";
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}

/** Free at this moment; `startSshd` tries another where somebody was quicker. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}
