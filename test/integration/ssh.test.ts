import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectSftp } from "../../src/flow/send/ssh/connect.ts";
import type { Files } from "../../src/flow/send/contract.ts";
import { bytesOfText, type Bytes } from "../../src/kernel/path.ts";
import { childrenOf, isAlive } from "../support/processes.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";

let sshd: TestSshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

describe("a lane over a real sshd", () => {
  it("knows what OpenSSH's server offers, and takes the remote home for the start of relative paths", async () => {
    await using files = await connectSftp(sshd.target);
    expect(files.features).toMatchObject({ atomicReplace: true, sync: true, hardlink: true, space: true, writeBytesMax: 261120 });
    expect(files.features.handlesMax).toBeGreaterThan(64);
    expect(await files.mkdir("made" as Bytes, 0o755)).toBe(true);
    expect(statSync(join(sshd.home, "made")).isDirectory()).toBe(true);
    expect((await files.stat("" as Bytes))?.kind).toBe("directory");
    expect((await files.list("" as Bytes)).map((entry) => entry.name)).toContain("made");
  });

  it("leaves no ssh behind when it is disposed of", async () => {
    const files = await connectSftp(sshd.target);
    const [pid] = childrenOf(process.pid, "ssh");
    await files[Symbol.asyncDispose]();
    expect(pid).toBeGreaterThan(0);
    expect(isAlive(pid!)).toBe(false);
    expect(await files.ended).toBeNull();
  });

  it("rejects everything under way with ssh's last words when the far side is killed", async () => {
    const files = await connectSftp(sshd.target);
    const outstanding = await endlessReads(files);
    killRemoteServers(sshd);
    const codes = await Promise.all(outstanding);
    expect(new Set(codes)).toEqual(new Set(["connection-lost"]));
    const ended = await files.ended;
    expect(ended).toMatchObject({ code: "connection-lost" });
    expect(String(ended)).toMatch(/ssh exit (255|1)|ended by/);
    await expect(files.lstat("x" as Bytes)).rejects.toMatchObject({ code: "connection-lost" });
    await files[Symbol.asyncDispose]();
  });

  it("rejects everything under way when ssh itself is killed", async () => {
    const files = await connectSftp(sshd.target);
    const outstanding = await endlessReads(files);
    process.kill(childrenOf(process.pid, "ssh")[0]!, "SIGKILL");
    expect(new Set(await Promise.all(outstanding))).toEqual(new Set(["connection-lost"]));
    expect(String(await files.ended)).toContain("ssh ended by SIGKILL");
    await files[Symbol.asyncDispose]();
  });

  it("ends a lane that stands still, and its ssh with it, though that hears no signal", async () => {
    const files = await connectSftp({ ...sshd.target, stallMs: 400 });
    const [pid] = childrenOf(process.pid, "ssh");
    process.kill(pid!, "SIGSTOP");
    await expect(files.lstat("x" as Bytes)).rejects.toMatchObject({ code: "connection-stalled" });
    await files[Symbol.asyncDispose]();
    expect(isAlive(pid!)).toBe(false);
  });

  it("does not leave ssh behind when we are killed", async () => {
    const program = `
      import { connectSftp } from ${JSON.stringify(new URL("../../src/flow/send/ssh/connect.ts", import.meta.url).href)};
      const files = await connectSftp(${JSON.stringify(sshd.target)});
      console.log("open");
      await files.ended;`;
    const holder = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    await firstLine(holder);
    const [pid] = childrenOf(holder.pid!, "ssh");
    expect(pid).toBeGreaterThan(0);
    holder.kill("SIGKILL");
    await gone(pid!);
  });

  it("gives up when it is told to, at once and while connecting", async () => {
    const reason = new Error("enough");
    await expect(connectSftp({ ...sshd.target, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const connecting = connectSftp({ ...sshd.target, signal: controller.signal });
    controller.abort(reason);
    await expect(connecting).rejects.toBe(reason);
    expect(childrenOf(process.pid, "ssh")).toEqual([]);
  });

  it("follows the ssh configuration: user and port of the target come before it", async () => {
    await using files = await connectSftp({ ...sshd.target, user: process.env["USER"] ?? "root", port: sshd.port });
    expect(await files.lstat("none" as Bytes)).toBeNull();
  });
});

describe("connecting in wrong ways", () => {
  it("tells a closed port, a missing command and a host that is an option", async () => {
    await expect(connectSftp({ ...sshd.target, port: 1 })).rejects.toMatchObject({ code: "unreachable", host: "cluster" });
    await expect(connectSftp({ ...sshd.target, ssh: ["/nowhere/ssh"] })).rejects.toMatchObject({ code: "ssh-failed" });
    await expect(connectSftp({ ...sshd.target, ssh: ["ssh", "-F", "/nowhere/config"] })).rejects.toMatchObject({ code: "ssh-failed" });
    const owned = join(sshd.directory, "owned");
    await expect(connectSftp({ ...sshd.target, host: `-oProxyCommand=touch ${owned}` })).rejects.toMatchObject({
      code: "bad-configuration",
    });
    expect(existsSync(owned)).toBe(false);
  });

  it("tells a refused key and a changed host key", async () => {
    const stranger = join(sshd.directory, "stranger");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", stranger]);
    const config = readFileSync(sshd.sshConfigFile, "utf8");
    const changed = (name: string, from: string, to: string): string => {
      writeFileSync(join(sshd.directory, name), config.replace(join(sshd.directory, from), to));
      return join(sshd.directory, name);
    };
    const refused = changed("refused_config", "user_key", stranger);
    await expect(connectSftp({ ...sshd.target, ssh: ["ssh", "-F", refused] })).rejects.toMatchObject({ code: "login-refused" });
    writeFileSync(join(sshd.directory, "other_hosts"), `[127.0.0.1]:${sshd.port} ${readFileSync(`${stranger}.pub`, "utf8")}`);
    const other = changed("changed_config", "known_hosts", join(sshd.directory, "other_hosts"));
    await expect(connectSftp({ ...sshd.target, ssh: ["ssh", "-F", other] })).rejects.toMatchObject({ code: "host-key-changed" });
    const unknown = changed("unknown_config", "known_hosts", "/dev/null");
    await expect(connectSftp({ ...sshd.target, ssh: ["ssh", "-F", unknown] })).rejects.toMatchObject({ code: "host-key-changed" });
  });

  it("tells a host without SFTP: no subsystem, a missing program, a forced command that prints", async () => {
    for (const options of [{ subsystem: null }, { subsystem: "/nowhere/sftp-server" }, { extraConfig: ["ForceCommand echo Welcome"] }]) {
      await using without = await startSshd(options);
      await expect(connectSftp(without.target)).rejects.toMatchObject({ code: "no-sftp" });
    }
  });

  it("tells MaxStartups", async () => {
    await using narrow = await startSshd({ extraConfig: ["MaxStartups 2:100:2", "LoginGraceTime 60"] });
    const sockets = await Promise.all([openSocket(narrow.port), openSocket(narrow.port)]);
    await expect(connectSftp(narrow.target)).rejects.toMatchObject({ code: "too-many-connections" });
    for (const socket of sockets) socket.destroy();
  });

  it("does not wait for ever for a host that accepts and says nothing", async () => {
    await using silent = await startSshd({ subsystem: "/bin/sleep 60" });
    await expect(connectSftp({ ...silent.target, connectTimeoutMs: 1500 })).rejects.toMatchObject({ code: "unreachable" });
    expect(childrenOf(process.pid, "ssh")).toEqual([]);
  });
});

describe("a full destination", () => {
  it("is told as such, though the server says only Failure", async ({ skip }) => {
    skip(process.getuid?.() !== 0, "mounting a small tmpfs needs root");
    const mount = join(sshd.directory, "full");
    mkdirSync(mount);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,nr_inodes=20", "tmpfs", mount]);
    try {
      await using files = await connectSftp(sshd.target);
      const file = await files.create(bytesOfText(`${mount}/large`), { mode: 0o644, exclusive: true });
      await expect(file.write(Buffer.alloc(4 * 1024 * 1024), 0)).rejects.toMatchObject({ code: "destination-full" });
      await file.close();
      await files.remove(bytesOfText(`${mount}/large`));
      const made = Array.from({ length: 30 }, (_, index) => files.mkdir(bytesOfText(`${mount}/d${index}`), 0o755));
      const failed = (await Promise.allSettled(made))
        .filter((result) => result.status === "rejected")
        .map((result) => (result.reason as { code: string }).code);
      expect(new Set(failed)).toEqual(new Set(["destination-full"]));
    } finally {
      execFileSync("umount", ["-l", mount]);
    }
  });
});

/** Keeps fifty reads under way until they fail; each resolves to the code of its failure. */
async function endlessReads(files: Files): Promise<Promise<string>[]> {
  const reader = await files.read(bytesOfText("/dev/zero"));
  await reader.read(0, 10);
  const loop = async (): Promise<string> => {
    try {
      for (;;) await reader.read(0, 200_000);
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  return Array.from({ length: 50 }, loop);
}

/** All below the listening sshd: its sessions and their servers. */
function killRemoteServers(server: TestSshd): void {
  const below = (pid: number): number[] => {
    const children = execFileSync("sh", ["-c", `ps -o pid= --ppid ${pid} || true`], { encoding: "utf8" })
      .split("\n")
      .map(Number)
      .filter((child) => child > 0);
    return children.flatMap((child) => [...below(child), child]);
  };
  for (const pid of below(server.pid)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      // It ended with the one that was killed before it.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }
}

/** No event tells of the end of somebody else's child. */
async function gone(pid: number): Promise<void> {
  const untilMs = performance.now() + 10_000;
  while (isAlive(pid)) {
    if (performance.now() > untilMs) throw new Error(`process ${pid} is still there`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function firstLine(child: ChildProcess): Promise<void> {
  const lines = createInterface({ input: child.stdout! });
  await new Promise<void>((resolve, reject) => {
    lines.once("line", () => resolve());
    child.once("exit", () => reject(new Error("ended before it was open")));
  });
}

/** A connection that sshd greets, and so counts. One that it turns away (the probe of `startSshd` may still count) is made again. */
async function openSocket(port: number): Promise<Socket> {
  for (;;) {
    const socket = connectTcp(port, "127.0.0.1");
    const greeting = await new Promise<string>((resolve, reject) =>
      socket.once("data", (chunk) => resolve(String(chunk))).once("error", reject),
    );
    if (greeting.startsWith("SSH-")) return socket;
    socket.destroy();
  }
}
