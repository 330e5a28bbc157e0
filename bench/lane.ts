/**
 * How fast one lane is: small files and one large file over a real sshd, everything on tmpfs,
 * beside `sftp put -r` and `rsync -a` in the same run. `node bench/lane.ts [FILES] [LARGE_MIB]`
 * HOTDIR_CIPHERS sets the cipher for all of them, HOTDIR_IN_FLIGHT how many small files at once.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, openSync, readSync, closeSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectSftp } from "../src/flow/send/ssh/connect.ts";
import type { Files } from "../src/flow/send/contract.ts";
import { bytesOfText } from "../src/kernel/path.ts";
import { startSshd, type TestSshd } from "../test/support/sshd.ts";

const smallCount = Number(process.argv[2] ?? 20_000);
const largeMiB = Number(process.argv[3] ?? 2048);
const parent = "/dev/shm";
const ciphers = process.env["HOTDIR_CIPHERS"];
const inFlight = Number(process.env["HOTDIR_IN_FLIGHT"] ?? 64);

async function main(): Promise<void> {
  const source = mkdtempSync(join(parent, "hotdir-lane-"));
  const sshd = await startSshd({ parent });
  if (ciphers !== undefined) appendFileSync(sshd.sshConfigFile, `  Ciphers ${ciphers}\n`);
  try {
    makeSmallFiles(source);
    for (let round = 1; round <= 3; round++) await measureSmall(sshd, round);
    compareSmall(sshd, source);
    if (largeMiB > 0) {
      const large = join(source, "large");
      writeFileSync(large, Buffer.alloc(0));
      for (let block = 0; block < largeMiB; block += 64) writeFileSync(large, Buffer.alloc(64 * 1024 * 1024, block + 1), { flag: "a" });
      for (let round = 1; round <= 3; round++) {
        await measureLarge(sshd, large);
        compareLarge(sshd, large);
      }
    }
  } finally {
    await sshd.stop();
    rmSync(source, { recursive: true, force: true });
  }
}

function makeSmallFiles(source: string): void {
  mkdirSync(join(source, "small"));
  for (let index = 0; index < smallCount; index++) writeFileSync(join(source, "small", `f${index}`), Buffer.alloc(4096, index));
}

async function measureSmall(sshd: TestSshd, round: number): Promise<void> {
  const to = join(sshd.home, `small${round}`);
  mkdirSync(to);
  await using files = await connectSftp(sshd.target);
  const bytes = Buffer.alloc(4096, round);
  let next = 0;
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const worker = async (): Promise<void> => {
    for (let index = next++; index < smallCount; index = next++) await sendSmall(files, `${to}/f${index}`, bytes);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const cpu = process.cpuUsage(cpuBefore);
  tell(
    `lane, small files (${inFlight} in flight)`,
    startMs,
    smallCount,
    "files/s",
    `our CPU ${Math.round((cpu.user + cpu.system) / 1000)} ms`,
  );
  rmSync(to, { recursive: true });
}

async function sendSmall(files: Files, path: string, bytes: Buffer): Promise<void> {
  const inflight = bytesOfText(`${path}.tmp`);
  const file = await files.create(inflight, { mode: 0o644, exclusive: false });
  await Promise.all([file.write(bytes, 0), file.setAttributes({ mode: 0o644, mtimeS: 1_700_000_000 }), file.close()]);
  await files.replace(inflight, bytesOfText(path));
}

async function measureLarge(sshd: TestSshd, large: string): Promise<void> {
  const to = bytesOfText(join(sshd.home, "large"));
  await using files = await connectSftp(sshd.target);
  const descriptor = openSync(large, "r");
  const pieceBytes = files.features.writeBytesMax;
  const pool = Array.from({ length: 24 }, () => Buffer.allocUnsafeSlow(pieceBytes));
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const file = await files.create(to, { mode: 0o644, exclusive: false });
  let offset = 0;
  const worker = async (buffer: Buffer): Promise<void> => {
    for (;;) {
      const at = offset;
      const read = readSync(descriptor, buffer, 0, pieceBytes, at);
      if (read === 0) return;
      offset += read;
      await file.write(read === pieceBytes ? buffer : buffer.subarray(0, read), at);
    }
  };
  await Promise.all(pool.map(worker));
  await file.close();
  const cpu = process.cpuUsage(cpuBefore);
  tell("lane, large file", startMs, (largeMiB * 1024 * 1024) / 1e6, "MB/s", `our CPU ${Math.round((cpu.user + cpu.system) / 1000)} ms`);
  closeSync(descriptor);
  await files.remove(to);
}

function compareSmall(sshd: TestSshd, source: string): void {
  const ssh = `ssh -F ${sshd.sshConfigFile}`;
  timed("rsync -a, small files", smallCount, "files/s", () =>
    execFileSync("rsync", ["-a", "-e", ssh, `${source}/small/`, `${sshd.hostAlias}:${sshd.home}/rsync/`]),
  );
  timed("sftp put -r, small files", smallCount, "files/s", () =>
    execFileSync("sftp", ["-q", "-F", sshd.sshConfigFile, "-b", "-", sshd.hostAlias], {
      input: `put -r ${source}/small\n`,
      stdio: ["pipe", "ignore", "inherit"],
    }),
  );
  rmSync(join(sshd.home, "rsync"), { recursive: true });
  rmSync(join(sshd.home, "small"), { recursive: true });
}

function compareLarge(sshd: TestSshd, large: string): void {
  const ssh = `ssh -F ${sshd.sshConfigFile}`;
  const megabytes = (largeMiB * 1024 * 1024) / 1e6;
  timed("rsync -aW, large file", megabytes, "MB/s", () =>
    execFileSync("rsync", ["-aW", "-e", ssh, large, `${sshd.hostAlias}:${sshd.home}/rsynced`]),
  );
  rmSync(join(sshd.home, "rsynced"));
  timed("sftp put, large file", megabytes, "MB/s", () =>
    execFileSync("sftp", ["-q", "-F", sshd.sshConfigFile, "-b", "-", sshd.hostAlias], {
      input: `put ${large}\n`,
      stdio: ["pipe", "ignore", "inherit"],
    }),
  );
  rmSync(join(sshd.home, "large"));
}

function timed(name: string, amount: number, unit: string, run: () => void): void {
  const startMs = performance.now();
  run();
  tell(name, startMs, amount, unit, "with connecting");
}

function tell(name: string, startMs: number, amount: number, unit: string, remark: string): void {
  const seconds = (performance.now() - startMs) / 1000;
  console.log(
    `${name.padEnd(44)} ${Math.round(amount / seconds)
      .toString()
      .padStart(8)} ${unit.padEnd(8)} ${seconds.toFixed(2)} s  ${remark}`,
  );
}

await main();
