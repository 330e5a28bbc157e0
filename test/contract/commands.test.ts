import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { CommandFiles, commandReadBack } from "../../src/flow/command/command-files.ts";
import { FarShell } from "../../src/flow/command/far-shell.ts";
import { readTemplate } from "../../src/flow/command/template.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { type Bytes, bufferOf, bytesOf } from "../../src/kernel/path.ts";
import { hostileNames } from "../support/names.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { describeFileNames, expectCode } from "./file-names.ts";

async function open(remote: string): Promise<CommandFiles> {
  const read = readTemplate("remote", remote, new Map());
  if (!read.ok) throw new Error(read.faults[0]?.message);
  const signal = new AbortController().signal;
  return new CommandFiles(await FarShell.open({ remote: read.template, stillMs: null, algorithm: "blake2b", log: silentLog }, signal));
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
