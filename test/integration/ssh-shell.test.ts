import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { digestAlgorithms, cryptoNames } from "../../src/flow/digest.ts";
import type { RemoteShell } from "../../src/flow/send/contract.ts";
import { openRemoteShell } from "../../src/flow/send/ssh/remote-shell.ts";
import { type Bytes, bufferOf, bytesOf } from "../../src/kernel/path.ts";
import { silentLog, type Log } from "../../src/kernel/log.ts";
import { hostileNames } from "../support/names.ts";
import { childrenOf } from "../support/processes.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";

let sshd: TestSshd;
let temporary: Temporary;
const at = (name: string): Bytes => `${temporary.path}/${name}` as Bytes;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());
beforeEach(async () => {
  temporary = await makeTemporary();
});
afterEach(() => temporary[Symbol.asyncDispose]());

async function open(options: { ssh?: string[] } = {}): Promise<RemoteShell> {
  const shell = await openRemoteShell({ ...sshd.target, ...options });
  if (shell === null) throw new Error("no shell");
  return shell;
}

/** A stand-in for ssh that does what sshd does with the command line: `LOGIN-SHELL -c LINE`, after what a start-up file printed. */
function localSsh(login: string[], printed = ""): string[] {
  const script = `for line; do :; done; printf %s "$0"; exec ${login.map((word) => `'${word}'`).join(" ")} -c "$line"`;
  return ["sh", "-c", script, printed];
}

/** Digests and a bundle, over hostile names: what every shell must do. */
async function expectServes(shell: RemoteShell): Promise<void> {
  const names = hostileNames.map((make, index) => make(`s${index}`) as Bytes);
  mkdirSync(at("d"), { recursive: true });
  for (const name of names) writeFileSync(bufferOf(at(`d/${name}`)), bufferOf(name));
  const asked = names.flatMap((name) => [{ path: at(`d/${name}`) }, { path: at(`d/gone-${name}`.slice(0, 250)) }]);
  const digests = await shell.digest("sha256", asked);
  expect(digests.map((digest) => digest?.hex ?? null)).toEqual(names.flatMap((name) => [sha256(bufferOf(name)), null]));
  const bundle = execFileSync("tar", ["-c", "-f", "-", "-C", at("d"), "."], { maxBuffer: 1e8 });
  mkdirSync(bufferOf(at("$(x) -'\n\xff")));
  await shell.unpack(at("$(x) -'\n\xff"), bundle.length, [bundle.subarray(0, 1000), bundle.subarray(1000)]);
  const there = readdirSync(bufferOf(at("$(x) -'\n\xff")), { encoding: "buffer" }).map((name) => bytesOf(name));
  expect(there.toSorted()).toEqual(names.toSorted());
}

describe("a remote shell over a real sshd", () => {
  it("digests every algorithm as we do, whole files and ranges, in the order that was asked", async () => {
    await using shell = await open();
    const bytes = randomBytes(300_000);
    writeFileSync(at("a"), bytes);
    writeFileSync(at("empty"), "");
    for (const algorithm of digestAlgorithms) {
      const hex = (part: Uint8Array): string => createHash(cryptoNames[algorithm]).update(part).digest("hex");
      const digests = await shell.digest(algorithm, [
        { path: at("a"), range: { offset: 0, lengthBytes: 1 } },
        { path: at("a") },
        { path: at("none"), range: { offset: 0, lengthBytes: 1 } },
        { path: at("none") },
        { path: at("a"), range: { offset: 99_999, lengthBytes: 200_001 } },
        { path: at("empty") },
      ]);
      expect(digests.map((digest) => digest?.hex ?? null)).toEqual([
        hex(bytes.subarray(0, 1)),
        hex(bytes),
        null,
        null,
        hex(bytes.subarray(99_999)),
        hex(Buffer.alloc(0)),
      ]);
    }
  });

  it("takes hostile names for names", async () => {
    await using shell = await open();
    await expectServes(shell);
    expect(readdirSync(temporary.path).filter((name) => name.startsWith("owned"))).toEqual([]);
  });

  it("answers many requests at once, each its own", async () => {
    await using shell = await open();
    for (let index = 0; index < 40; index++) writeFileSync(at(`f${index}`), `content ${index}`);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        shell.digest(
          "sha256",
          index % 3 === 0 ? [{ path: at(`f${index}`), range: { offset: 0, lengthBytes: 100 } }] : [{ path: at(`f${index}`) }],
        ),
      ),
    );
    expect(answers.map(([digest]) => digest?.hex)).toEqual(answers.map((_, index) => sha256(Buffer.from(`content ${index}`))));
  });

  it("keeps modes and times of a bundle, and goes on after a bundle that tar refuses", async () => {
    await using shell = await open();
    mkdirSync(at("from"));
    mkdirSync(at("to"));
    writeFileSync(at("from/x"), "x", { mode: 0o604 });
    const bundle = execFileSync("tar", ["-c", "-f", "-", "--mtime=@1000000000", "-C", at("from"), "x"]);
    await expect(shell.unpack(at("to"), 70_000, [Buffer.alloc(70_000, "rubbish ")])).rejects.toMatchObject({ code: "refused" });
    await expect(shell.unpack(at("none"), bundle.length, [bundle])).rejects.toMatchObject({ code: "not-found" });
    const short = shell.unpack(at("to"), bundle.length + 600_000, [bundle.subarray(0, 100)]);
    const after = shell.unpack(at("to"), bundle.length, [bundle]);
    await expect(short).rejects.toThrow("fewer");
    await after;
    expect(execFileSync("stat", ["-c", "%a %Y", at("to/x")], { encoding: "utf8" })).toBe("604 1000000000\n");
  });

  it("syncs a file system, and says where there is none", async () => {
    await using shell = await open();
    expect(shell.tools.syncfs).toBe(true);
    await shell.syncfs(at(""));
    await expect(shell.syncfs(at("none"))).rejects.toMatchObject({ code: "not-found" });
  });

  it("gives null for a directory and for a dangling symlink among files", async () => {
    await using shell = await open();
    mkdirSync(at("d"));
    symlinkSync("nowhere", at("link"));
    writeFileSync(at("a"), "a");
    const digests = await shell.digest(
      "sha256",
      ["d", "link", "a"].map((name) => ({ path: at(name) })),
    );
    expect(digests.map((digest) => digest?.hex ?? null)).toEqual([null, null, sha256(Buffer.from("a"))]);
    expect(await shell.digest("sha256", [{ path: at("d"), range: { offset: 0, lengthBytes: 5 } }])).toEqual([null]);
  });

  it("rejects what is under way when the connection is lost, and ends", async () => {
    const shell = await open();
    execFileSync("mkfifo", [at("fifo")]);
    const waiting = shell.digest("sha256", [{ path: at("fifo") }]);
    await shell.digest("sha256", []);
    const [pid, ...others] = childrenOf(process.pid, "ssh");
    expect(others).toEqual([]);
    process.kill(pid!, "SIGKILL");
    await expect(waiting).rejects.toMatchObject({ code: "connection-lost" });
    expect(await shell.ended).toMatchObject({ code: "connection-lost" });
    // Lets go of the tool that reads it.
    closeSync(openSync(at("fifo"), constants.O_RDWR | constants.O_NONBLOCK));
  });
});

describe("an account without a shell", () => {
  it.each([["internal-sftp"], ["/usr/sbin/nologin"], ["/bin/true"], ["echo Welcome"]])(
    "that is forced to %s has none, and the log says why",
    async (command) => {
      await using forced = await startSshd({ extraConfig: [`ForceCommand ${command}`] });
      const said: string[] = [];
      const log: Log = { ...silentLog, info: (text) => void said.push(text) };
      expect(await openRemoteShell({ ...forced.target, log })).toBeNull();
      expect(said).toEqual([expect.stringContaining("cluster offers no shell that serves")]);
    },
  );

  it("is not one that is out of reach", async () => {
    await expect(openRemoteShell({ ...sshd.target, port: 1 })).rejects.toMatchObject({ code: "unreachable" });
  });

  it("is one that answers nothing in time", async () => {
    await using silent = await startSshd({ extraConfig: ["ForceCommand sleep 60"] });
    expect(await openRemoteShell({ ...silent.target, connectTimeoutMs: 1500 })).toBeNull();
  });
});

describe("login shells", () => {
  const shells = ["/bin/sh", "/bin/bash", "/bin/dash", "/usr/bin/zsh", "/usr/bin/tcsh", "/usr/bin/fish", "/usr/bin/ksh"];
  for (const login of shells) {
    it(`${login} starts the program as it is`, async ({ skip }) => {
      skip(!existsSync(login), "not installed here");
      await using shell = await open({ ssh: localSsh([login]) });
      await expectServes(shell);
    });
  }

  it("may print a banner, NULs and all, before", async () => {
    await using shell = await open({ ssh: localSsh(["/bin/bash"], `Welcome!\nFriday: maintenance\n${"=".repeat(5000)}\n`) });
    await expectServes(shell);
  });
});

describe("poor tools", () => {
  /** A PATH with only what is named, as links to the real tools or as scripts. */
  function poorSsh(tools: Record<string, string>): string[] {
    mkdirSync(at("bin"));
    for (const [name, tool] of Object.entries(tools)) {
      if (tool.startsWith("/")) symlinkSync(tool, at(`bin/${name}`));
      else writeFileSync(at(`bin/${name}`), `#!/bin/sh\n${tool}\n`, { mode: 0o755 });
    }
    return localSsh(["/usr/bin/env", `PATH=${at("bin")}`, "/bin/sh"]);
  }
  const coreutils = (...names: string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, join("/usr/bin", name)]));

  it("without -z still digest, one by one", async () => {
    const ssh = poorSsh({
      ...coreutils("head", "tail", "cat", "xargs", "printf"),
      sha256sum: '[ "$1" = -z ] && exit 1; exec /usr/bin/sha256sum "$@"',
    });
    await using shell = await open({ ssh });
    expect([...shell.tools.digests]).toEqual(["sha256"]);
    expect(shell.tools).toMatchObject({ ranges: true, tar: false, syncfs: false });
    const name = at("new\nline \\ '$(x)");
    writeFileSync(bufferOf(name), "x");
    expect((await shell.digest("sha256", [{ path: name }, { path: at("none") }])).map((digest) => digest?.hex ?? null)).toEqual([
      sha256(Buffer.from("x")),
      null,
    ]);
    await expect(shell.digest("md5", [])).rejects.toMatchObject({ code: "unsupported" });
    await expect(shell.unpack(at(""), 0, [])).rejects.toMatchObject({ code: "unsupported" });
  });

  it("that read ahead are not trusted with counted input", async () => {
    const head = 'x=$(/usr/bin/head -c 65536 | /usr/bin/head -c "$2"; echo .); printf %s "${x%.}"';
    await using shell = await open({ ssh: poorSsh({ ...coreutils("tail", "cat", "xargs", "printf", "sha256sum", "dd"), head }) });
    writeFileSync(at("a"), "a");
    const digests = await Promise.all([shell.digest("sha256", [{ path: at("a") }]), shell.digest("sha256", [{ path: at("a") }])]);
    expect(digests.flat().map((digest) => digest?.hex)).toEqual([sha256(Buffer.from("a")), sha256(Buffer.from("a"))]);
  });

  it("that die or lie end the one request", async () => {
    const ssh = poorSsh({
      ...coreutils("head", "tail", "cat", "xargs", "printf", "md5sum"),
      sha256sum: 'case "$*" in *die*) kill -9 $$;; *lie*) printf "%064d  /elsewhere\\0" 0;; *) exec /usr/bin/sha256sum "$@";; esac',
    });
    await using shell = await open({ ssh });
    for (const name of ["die", "lie", "fine"]) writeFileSync(at(name), name);
    await expect(shell.digest("sha256", [{ path: at("die") }])).rejects.toMatchObject({ code: "digest-unavailable" });
    await expect(shell.digest("sha256", [{ path: at("lie") }])).rejects.toMatchObject({ code: "digest-unavailable" });
    expect((await shell.digest("sha256", [{ path: at("fine") }]))[0]?.hex).toBe(sha256(Buffer.from("fine")));
  });

  it("of busybox serve", async ({ skip }) => {
    skip(!existsSync("/usr/bin/busybox"), "busybox is not installed here");
    const applets = ["head", "tail", "cat", "xargs", "sha256sum", "tar", "dd", "sync", "printf"];
    const ssh = poorSsh(Object.fromEntries(applets.map((name) => [name, "/usr/bin/busybox"])));
    await using shell = await open({ ssh: [...ssh.slice(0, 2), ssh[2]!.replace("'/bin/sh'", "'/usr/bin/busybox' 'sh'"), ...ssh.slice(3)] });
    await expectServes(shell);
    expect(readFileSync(at("d/.hiddens21"), "latin1")).toBe(".hiddens21");
  });

  it("of none at all are no shell that serves", async () => {
    expect(await openRemoteShell({ ...sshd.target, ssh: poorSsh({}) })).toBeNull();
    expect(await openRemoteShell({ ...sshd.target, ssh: ["/nowhere/ssh"] }).catch((error: { code: string }) => error.code)).toBe(
      "ssh-failed",
    );
  });
});
