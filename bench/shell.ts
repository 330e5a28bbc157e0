/**
 * How fast a remote shell is: digests of small files and a bundle, over a real sshd, on tmpfs.
 * `node bench/shell.ts [FILES]`
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRemoteShell } from "../src/flow/send/ssh/remote-shell.ts";
import { bytesOfText } from "../src/kernel/path.ts";
import { startSshd } from "../test/support/sshd.ts";

const count = Number(process.argv[2] ?? 20_000);
const batch = 2000;
const source = mkdtempSync("/dev/shm/hotdir-shell-");
const sshd = await startSshd({ parent: "/dev/shm" });
try {
  mkdirSync(join(source, "small"));
  for (let index = 0; index < count; index++) writeFileSync(join(source, "small", `f${index}`), Buffer.alloc(4096, index));
  await using shell = await openRemoteShell(sshd.target);
  if (shell === null) throw new Error("no shell");
  for (const algorithm of ["sha256", "md5"] as const) {
    const startMs = performance.now();
    const batches = Array.from({ length: Math.ceil(count / batch) }, (_, number) =>
      shell.digest(
        algorithm,
        Array.from({ length: Math.min(batch, count - number * batch) }, (_unused, index) => ({
          path: bytesOfText(join(source, "small", `f${number * batch + index}`)),
        })),
      ),
    );
    const digests = (await Promise.all(batches)).flat();
    if (digests.length !== count || digests.includes(null)) throw new Error("a digest is missing");
    tell(`${algorithm} by the remote tool, batches of ${batch}`, startMs);
  }
  const ranges = 500;
  const rangesStartMs = performance.now();
  await shell.digest(
    "sha256",
    Array.from({ length: ranges }, (_, index) => ({
      path: bytesOfText(join(source, "small", `f${index}`)),
      range: { offset: 10, lengthBytes: 1000 },
    })),
  );
  tell("ranges, one by one", rangesStartMs, ranges);
  const bundle = execFileSync("tar", ["-c", "-f", "-", "-C", join(source, "small"), "."], { maxBuffer: 2 ** 31 });
  const to = join(sshd.home, "unpacked");
  mkdirSync(to);
  const startMs = performance.now();
  await shell.unpack(bytesOfText(to), bundle.length, pieces(bundle));
  if (readdirSync(to).length !== count) throw new Error("files are missing");
  tell(`one tar bundle of ${Math.round(bundle.length / 1e6)} MB`, startMs);
} finally {
  await sshd.stop();
  rmSync(source, { recursive: true, force: true });
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 256 * 1024) yield bytes.subarray(at, at + 256 * 1024);
}

function tell(name: string, startMs: number, amount = count): void {
  const seconds = (performance.now() - startMs) / 1000;
  console.log(
    `${name.padEnd(44)} ${Math.round(amount / seconds)
      .toString()
      .padStart(8)} files/s  ${seconds.toFixed(2)} s`,
  );
}
