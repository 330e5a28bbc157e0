import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { CommandFiles, commandReadBack } from "../../src/flow/command/command-files.ts";
import { FarShell } from "../../src/flow/command/far-shell.ts";
import { readTemplate } from "../../src/flow/command/template.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { type Bytes, bufferOf, bytesOf } from "../../src/kernel/path.ts";
import { hostileNames } from "../support/names.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { describeFileNames, expectCode } from "./file-names.ts";

async function open(remote: string, stillMs: number | null = null): Promise<CommandFiles> {
  const read = readTemplate("remote", remote, new Map());
  if (!read.ok) throw new Error(read.faults[0]?.message);
  const signal = new AbortController().signal;
  return new CommandFiles(await FarShell.open({ remote: read.template, stillMs, algorithm: "blake2b", log: silentLog }, signal));
}

/** By a real sshd, and by a command that has one more shell read it. */
const ways: Record<string, (sshd: TestSshd) => string> = {
  sshd: (sshd) => `ssh -F ${sshd.sshConfigFile} ${sshd.hostAlias} "{command}"`,
  "a shell within a shell": () => `sh -c "sh -c '{command}'"`,
};

describe.each(Object.entries(ways))("names by the remote command: %s", (_, remoteOf) => {
  let temporary: Temporary;
  let sshd: TestSshd;
  let files: CommandFiles;

  beforeAll(async () => void (sshd = await startSshd()));
  afterAll(() => sshd[Symbol.asyncDispose]());
  beforeEach(async () => {
    temporary = await makeTemporary();
    files = await open(remoteOf(sshd));
  });
  afterEach(async () => {
    await files[Symbol.asyncDispose]();
    await temporary[Symbol.asyncDispose]();
  });

  describeFileNames(() => ({ files, directory: temporary.path }));

  it("takes every name that Linux takes, and reads each of the files back", async () => {
    const at = (path: string): Bytes => `${temporary.path}/${path}` as Bytes;
    const names = hostileNames.map((nameFor, index) => nameFor(`t${index}`) as Bytes);
    mkdirSync(at("d"));
    mkdirSync(at("e"));
    for (const name of names) writeFileSync(bufferOf(at(`d/${name}`)), bufferOf(name));
    await Promise.all(names.map((name) => files.replace(at(`d/${name}`), at(`e/${name}`))));
    expect((await files.list(at("e"))).map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    expect(
      readdirSync(at("e"), { encoding: "buffer" })
        .map((name) => bytesOf(name))
        .toSorted(),
    ).toEqual(names.toSorted());
    const readBack = commandReadBack(() => files.shell, "blake2b");
    const found = await readBack.digest(
      "blake2b",
      names.map((name) => ({ path: at(`e/${name}`) })),
    );
    expect(found.map((digest) => digest?.hex.length)).toEqual(names.map(() => 128));
    for (const name of names) expect(readFileSync(bufferOf(at(`e/${name}`))).equals(bufferOf(name)), name).toBe(true);
    expect(await Promise.all(names.map((name) => files.remove(at(`e/${name}`))))).toEqual(names.map(() => true));
    await expectCode(files.mkdir(at("nul\0name"), 0o755), "name-refused");
  });
});

describe("a far side of another kind", () => {
  let temporary: Temporary;
  beforeEach(async () => void (temporary = await makeTemporary()));
  afterEach(() => temporary[Symbol.asyncDispose]());

  it("that has no tool but POSIX's is asked in other ways, with the same answers", async () => {
    const at = (path: string): Bytes => `${temporary.path}/${path}` as Bytes;
    mkdirSync(at("bin"));
    for (const tool of ["sh", "printf", "rm", "mkdir", "rmdir", "ln", "cp", "wc", "df", "readlink", "chmod"])
      symlinkSync(`/bin/${tool}`, at(`bin/${tool}`));
    const mv = '#!/bin/sh\ncase $1 in --*) echo "usage: mv [-fi] source target" >&2; exit 1;; esac\nexec /bin/mv "$@"\n';
    writeFileSync(at("bin/mv"), mv, { mode: 0o755 });
    await using files = await open(`env PATH=${temporary.path}/bin sh -c "{command}"`);
    expect(files.shell.tools).toEqual({ digest: null, stat: null, move: "", sync: "sync" });
    mkdirSync(at("d"));
    for (const name of ["new", "other", "d/ a\n'"]) writeFileSync(at(name), name);
    symlinkSync("d", at("link"));
    expect((await files.list(at("d"))).map(({ name, facts }) => [name, facts.kind, facts.sizeBytes])).toEqual([[" a\n'", "file", 6]]);
    expect(
      [await files.lstat(at("link")), await files.stat(at("link")), await files.lstat(at("none"))].map((facts) => facts?.kind),
    ).toEqual(["symlink", "directory", undefined]);
    await files.replace(at("new"), at("link"));
    expect(readFileSync(at("link"), "utf8")).toBe("new");
    expect(readdirSync(at("d"))).toHaveLength(1);
    await expectCode(files.replace(at("other"), at("d")), "wrong-type");
    await expectCode(files.list(at("none")), "not-found");
    expect(await commandReadBack(() => files.shell, "blake2b").digest("blake2b", [{ path: at("link") }])).toEqual([null]);
  });

  it("that answers nothing, does not run what it is given, or is not there, is told apart", async () => {
    const opened = (remote: string, stillMs: number | null = null): Promise<unknown> => open(remote, stillMs);
    await expectCode(opened("sh -c 'sleep 60' {command}", 300), "connection-stalled");
    await expectCode(opened("echo {command}"), "remote-command-failed");
    await expectCode(opened("/no/such/program {command}"), "command-not-started");
    await expectCode(opened("ssh -o BatchMode=yes -p 1 127.0.0.1 {command}"), "unreachable");
  });

  it("whose connection breaks in the middle ends the shell, for all that wait", async () => {
    const once = `${temporary.path}/once`;
    const broken = `${temporary.path}/broken`;
    writeFileSync(broken, `#!/bin/sh\nif mkdir ${once} 2>/dev/null; then exec sh -c "$1"; fi\nsh -c "$1" | head -c 60\nexit 255\n`, {
      mode: 0o755,
    });
    await using files = await open(`${broken} "{command}"`);
    const [first, second] = await Promise.allSettled([files.stat(temporary.path as Bytes), files.lstat(temporary.path as Bytes)]);
    expect([first, second].map((end) => end.status)).toEqual(["rejected", "rejected"]);
    expect(await files.ended).toMatchObject({ code: "connection-lost" });
    await expectCode(files.stat(temporary.path as Bytes), "connection-lost");
  });
});
