import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { shellText } from "../../src/cli/probe/shell-word.ts";
import { Hotdir, hotdirProgram } from "../support/daemon.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { makeTemporary } from "../support/temporary.ts";
import { waitUntil } from "../support/waiting.ts";

type Place = AsyncDisposable & { path: string; home: string; file: string; hotdir: Hotdir; sshd: TestSshd | null };

async function makePlace(options: { sshd?: boolean } = {}): Promise<Place> {
  await using undo = new AsyncDisposableStack();
  const { path } = undo.use(await makeTemporary());
  const home = `${path}/home`;
  mkdirSync(`${home}/runs`, { recursive: true });
  const sshd = options.sshd === true ? undo.use(await startSshd()) : null;
  const file = `${home}/.config/hotdir/hotdir.yaml`;
  const env: Record<string, string> = sshd === null ? {} : { HOTDIR_SSH: `ssh -F ${sshd.sshConfigFile}` };
  const hotdir = new Hotdir({ configFile: file, stateDirectory: `${path}/state`, home, logFile: `${path}/log`, env });
  undo.defer(() => hotdir.killHard());
  const held = undo.move();
  return { path, home, file, hotdir, sshd, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Nothing of ours in the home, but what the test put there. */
function expectNothingWritten(place: Place): void {
  expect(readdirSync(place.home).filter((name) => name !== ".cache" && name !== ".ssh")).toEqual(["runs"]);
}

/** The program on a terminal of its own. */
class Terminal implements AsyncDisposable {
  readonly #child;
  #shown = "";
  #at = 0;

  constructor(place: Place, more: Record<string, string> = {}, ...args: string[]) {
    const env = {
      PATH: process.env["PATH"] ?? "",
      HOME: place.home,
      TERM: "dumb",
      LANG: "C.UTF-8",
      XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? "",
    };
    const ssh = place.sshd === null ? {} : { HOTDIR_SSH: `ssh -F ${place.sshd.sshConfigFile}` };
    const command = [hotdirProgram, "init", "--state-dir", `${place.path}/state`, ...args].map(shellText).join(" ");
    this.#child = spawn("script", ["-qec", command, "/dev/null"], { env: { ...env, ...ssh, ...more }, stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => (this.#shown += text));
  }

  get shown(): string {
    return this.#shown;
  }

  /** Waits until this is shown, after what was answered before. */
  async sees(text: string): Promise<void> {
    const found = await waitUntil(
      text,
      () => {
        const at = this.#shown.indexOf(text, this.#at);
        return at < 0 ? null : { end: at + text.length };
      },
      { everyMs: 20, explain: () => this.#shown },
    );
    this.#at = found.end;
  }

  async answers(question: string, answer: string): Promise<void> {
    await this.sees(question);
    this.#child.stdin.write(answer === "\x03" || answer === "\x04" ? answer : `${answer}\n`);
  }

  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, "exit", { signal: AbortSignal.timeout(20_000) });
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill("SIGTERM");
    await this.ended();
  }
}

test("without a terminal the missing flags are named, and nothing is written", async () => {
  await using place = await makePlace();
  for (const [args, missing] of [
    [[], "--directory DIR and --destination DEST are missing"],
    [["--directory", "runs", "--yes"], "--destination DEST is missing"],
  ] as const) {
    const outcome = await place.hotdir.ask("init", ...args);
    expect(outcome.status).toBe(2);
    expect(outcome.stderr).toContain(missing);
  }
  for (const wrong of [
    ["--retain", "7 days"],
    ["--lanes", "many"],
    ["--bandwidth", "20Mb"],
    ["--flow", "a b"],
  ]) {
    const outcome = await place.hotdir.ask("init", "-d", "~/runs", "--destination", `${place.path}/there`, ...wrong);
    expect(outcome).toMatchObject({ status: 2, stdout: "" });
    expect(outcome.stderr).toContain(wrong[0]);
  }
  expectNothingWritten(place);
});

test("with flags it tests, writes a configuration with comments, and that delivers", async () => {
  await using place = await makePlace({ sshd: true });
  const { home, sshd } = place;
  const there = `${place.path}/there/deep`;
  const outcome = await place.hotdir.ask(
    "init",
    "-d",
    `${home}/runs`,
    "--destination",
    `cluster:${there}`,
    "--retain",
    "7d",
    "--lanes",
    "2",
    "--make",
    "-y",
  );
  expect(outcome, outcome.stderr).toMatchObject({ status: 0, stderr: "" });
  expect(outcome.stdout).toContain("ok    connected to cluster");
  expect(outcome.stdout).toContain("guarantee: verified+durable: every file is read back at the destination");
  expect(outcome.stdout).toContain(`Wrote ${place.file}`);
  expect(statSync(there).isDirectory()).toBe(true);
  const text = readFileSync(place.file, "utf8");
  expect(text).toMatch(/^ {6}directory: ~\/runs$/m);
  expect(text).toContain(`ssh: [ssh, "-F", ${sshd?.sshConfigFile}]`);
  expect(text).toContain("# What becomes of delivered files");
  expect(statSync(place.file).mode & 0o777).toBe(0o644);
  expect(readdirSync(`${home}/.config/hotdir`)).toEqual(["hotdir.yaml"]);
  writeFileSync(`${home}/runs/a.nc`, "content");
  expect(await place.hotdir.runUntilIdle(), place.hotdir.log()).toBe(0);
  expect(readFileSync(`${there}/a.nc`, "utf8")).toBe("content");
});

test("what does not work is told with what to do, and written only by force", async () => {
  await using place = await makePlace();
  const args = ["-d", "~/missing", "--destination", "[::1]:x", "--flow", "far", "-y"];
  const refused = await place.hotdir.ask("init", ...args);
  expect(refused.status).toBe(4);
  expect(refused.stdout).toMatch(/BAD {3}connect ::1: /);
  expect(refused.stdout).toContain(`→ mkdir -p ${place.home}/missing`);
  expect(refused.stderr).toContain("nothing was written");
  expectNothingWritten(place);
  const forced = await place.hotdir.ask("init", ...args, "--force");
  expect(forced.status).toBe(0);
  expect(readFileSync(place.file, "utf8")).toContain('url: "sftp://[::1]/~/x"');
  expect(existsSync(`${place.home}/missing`)).toBe(false);
});

test("an existing configuration is never overwritten; --add puts the flow behind the others and keeps every byte", async () => {
  await using place = await makePlace();
  const first = ["init", "-d", "~/runs", "--destination", `${place.path}/one`, "-y"];
  expect((await place.hotdir.ask(...(first as [string, ...string[]]))).status).toBe(0);
  const before = `${readFileSync(place.file, "utf8")}\n# mine\nlog: {level: warn}\n`;
  writeFileSync(place.file, before, { mode: 0o600 });
  const refused = await place.hotdir.ask("init", "-d", "~/runs", "--destination", `${place.path}/two`, "-y");
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain(`hotdir init --add --directory ~/runs --destination file:${place.path}/two -c ${place.file}`);
  expect(readFileSync(place.file, "utf8")).toBe(before);

  place.hotdir.start();
  await place.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  const added = await place.hotdir.ask("init", "--add", "-d", "~/runs", "--destination", `${place.path}/two`, "--flow", "second", "-y");
  expect(added, added.stderr).toMatchObject({ status: 0 });
  expect(added.stdout).toContain(`'kill -HUP ${place.hotdir.pid}' brings the new flow into force`);
  const after = readFileSync(place.file, "utf8");
  const [head = "", tail = ""] = before.split("\n# mine");
  expect(after.startsWith(head.trimEnd())).toBe(true);
  expect(after.endsWith(`\n# mine${tail}`)).toBe(true);
  process.kill(place.hotdir.pid, "SIGHUP");
  await place.hotdir.waitFor("the second flow", ({ flows }) => flows.some(({ name }) => name === "second"));

  const twice = await place.hotdir.ask("init", "--add", "-d", "~/runs", "--destination", `${place.path}/two`, "--flow", "second", "-y");
  expect(twice).toMatchObject({ status: 2 });
  expect(twice.stderr).toContain("there is a flow second already; did you mean second_2?");
  expect(readFileSync(place.file, "utf8")).toBe(after);
});

test("on a terminal it asks for everything, lists the hosts of ssh, tests, shows what it writes, and writes it", async () => {
  await using place = await makePlace({ sshd: true });
  await using terminal = new Terminal(place);
  await terminal.answers("Which directory is to be sent", "~/results");
  await terminal.sees("Hosts of your ssh configuration:");
  await terminal.sees(`1  cluster  ${userInfo().username}@127.0.0.1, port ${place.sshd?.port}`);
  await terminal.answers("Where to?", "7");
  await terminal.answers("choose a number from 1 to 1", "nowhere");
  await terminal.answers("nowhere is no host of your ssh configuration", "1");
  await terminal.answers("Which directory there?", `${place.path}/there`);
  await terminal.answers("A name for this flow: [to_cluster]", "");
  await terminal.answers("What becomes of a file here", "later");
  await terminal.answers("is neither keep", "");
  await terminal.answers("~/results is not there. Make it? (yes or no) [yes]", "");
  await terminal.sees("ok    connected to cluster");
  await terminal.sees("guarantee: verified: every file is read back");
  await terminal.answers("Make the directory at the destination now?", "yes");
  await terminal.sees("  to_cluster:");
  expectNothingWritten(place);
  await terminal.answers(`Write this to ${place.file}? (yes or no) [yes]`, "");
  await terminal.sees(`Wrote ${place.file}`);
  await terminal.answers("Run it in the background from now on", "");
  expect(await terminal.ended(), terminal.shown).toBe(0);
  writeFileSync(`${place.home}/results/a`, "a");
  expect(await place.hotdir.runUntilIdle(), place.hotdir.log()).toBe(0);
  expect(readFileSync(`${place.path}/there/a`, "utf8")).toBe("a");
});

const asked: Array<[question: string, answer: string]> = [
  ["Which directory is to be sent", "~/results"],
  ["Where to?", "THERE"],
  ["A name for this flow", ""],
  ["What becomes of a file here", ""],
  ["is not there. Make it?", ""],
  ["Make the directory at the destination now?", "yes"],
  ["Write this to", "yes"],
];

test.each(asked.map(([question], at) => [question, at] as const))(
  "Ctrl-C at %j leaves nothing behind, and ends with 130",
  async (_, at) => {
    await using place = await makePlace();
    await using terminal = new Terminal(place);
    for (const [question, answer] of asked.slice(0, at)) await terminal.answers(question, answer.replace("THERE", `${place.path}/there`));
    // The end of the input is no answer either.
    await terminal.answers(asked[at]![0], at % 2 === 0 ? "\x03" : "\x04");
    expect(await terminal.ended(), terminal.shown).toBe(130);
    expect(terminal.shown).toContain("nothing was written");
    expectNothingWritten(place);
    expect(existsSync(`${place.path}/there`)).toBe(false);
  },
);

test("Ctrl-C while it waits for a host that does not answer ends it, and nothing is left", async () => {
  await using place = await makePlace();
  writeFileSync(`${place.path}/slow-ssh`, "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
  await using terminal = new Terminal(
    place,
    { HOTDIR_SSH: `${place.path}/slow-ssh` },
    "-d",
    "~/runs",
    "--destination",
    "cluster:in",
    "--flow",
    "a",
    "--retain",
    "keep",
  );
  await terminal.answers("Testing ...", "\x03");
  expect(await terminal.ended(), terminal.shown).toBe(130);
  expectNothingWritten(place);
});

test("on a terminal a configuration that is there gets another flow only when that is wanted", async () => {
  await using place = await makePlace();
  expect((await place.hotdir.ask("init", "-d", "~/runs", "--destination", `${place.path}/one`, "-y")).status).toBe(0);
  const before = readFileSync(place.file, "utf8");
  await using terminal = new Terminal(place);
  await terminal.answers("with to_one. Put another flow into it?", "no");
  expect(await terminal.ended()).toBe(0);
  expect(terminal.shown).toContain("Nothing was written.");
  expect(readFileSync(place.file, "utf8")).toBe(before);
});
