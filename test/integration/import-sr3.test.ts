import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { Hotdir } from "../support/daemon.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { makeTemporary } from "../support/temporary.ts";

/** A Sarracenia user's home, an account on a real sshd, and hotdir's command line between them. */
type Place = AsyncDisposable & {
  home: string;
  sshd: TestSshd;
  hotdir: Hotdir;
  configFile: string;
  /** Below `~/.config/sr3`. */
  sr3: (files: Record<string, string>) => void;
};

async function makePlace(): Promise<Place> {
  await using undo = new AsyncDisposableStack();
  const { path } = undo.use(await makeTemporary());
  const sshd = undo.use(await startSshd());
  const home = `${path}/home`;
  mkdirSync(home);
  const configFile = `${path}/hotdir.yaml`;
  const hotdir = new Hotdir({
    configFile,
    stateDirectory: `${path}/state`,
    home,
    logFile: `${path}/log`,
    env: { HOTDIR_SSH: `ssh -F ${sshd.sshConfigFile}` },
  });
  undo.defer(() => hotdir.killHard());
  const held = undo.move();
  return {
    home,
    sshd,
    hotdir,
    configFile,
    sr3: (files) => {
      for (const [name, text] of Object.entries(files)) write(`${home}/.config/sr3/${name}`, text);
      chmodSync(`${home}/.config/sr3/credentials.conf`, 0o600);
    },
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

const credentials = { "credentials.conf": "amqps://u037:open-sesame@hub.example.org\n" };

test("a watch and a sender as their users write them run without a broker: trees, links, .tmp, an accelerator with a blank in the name", async () => {
  await using place = await makePlace();
  const { home, sshd, hotdir } = place;
  const tool = `${home}/bin/fast_scp`;
  write(tool, `#!/bin/sh\nprintf '%s\\n' "$*" >>'${home}/accelerated'\nexec scp -q -F '${sshd.sshConfigFile}' "$@"\n`);
  chmodSync(tool, 0o755);
  place.sr3({
    ...credentials,
    "default.conf": [
      "declare env NICK=cluster",
      `declare env FOLDER=${sshd.home}/on_\${NICK}`,
      "declare env UPLOADS=${HOME}/to_${NICK}",
      "declare env HUB=hub.example.org",
      "declare env UP=xs_u037_from_loli_to_${NICK}",
    ].join("\n"),
    "watch/to_cluster.conf": [
      "post_broker amqps://u037@${HUB}",
      "post_exchange ${UP}",
      "post_baseUrl file:${UPLOADS}",
      "fileEvents -delete,rmdir",
      "path ${UPLOADS}",
      "nodupe_ttl on",
      "# working files",
      "reject .*.tmp$",
      "accept .*",
    ].join("\n"),
    "sender/to_cluster.conf": [
      "broker amqps://u037@${HUB}",
      "exchange ${UP}",
      "sendTo sftp://${NICK}",
      "baseDir ${UPLOADS}",
      "instances 5",
      "inflight .tmp",
      "accelThreshold 1M",
      `accelScpCommand ${tool} %s %d`,
      "fileEvents -delete,rmdir",
      "nodupe_ttl on",
      "reject .*.tmp$",
      "reject .*/private/.*",
      "directory ${FOLDER}",
      "accept .*",
      "post_broker amqps://u037@${HUB}",
      "post_baseUrl sftp://${NICK}",
      "post_baseDir ${FOLDER}",
      "post_exchange xs_u037_on_${NICK}",
    ].join("\n"),
  });
  const [source, destination] = [`${home}/to_cluster`, `${sshd.home}/on_cluster`];
  const large = Buffer.alloc(1_000_001, "large ");
  write(`${source}/top.nc`, "top");
  write(`${source}/run 1/deep/a.nc`, "deep");
  write(`${source}/run 1/large file.bin`, large);
  write(`${source}/run 1/exact.bin`, large.subarray(1));
  write(`${source}/run 1/half.tmp`, "not yet");
  write(`${source}/private/key`, "not theirs");
  mkdirSync(`${source}/empty`);
  symlinkSync("deep/a.nc", `${source}/run 1/latest`);

  const outcome = await hotdir.ask("import", "sr3", "--without-broker", "--output", place.configFile);
  expect(outcome).toMatchObject({ status: 0, stderr: "" });
  expect(outcome.stdout).toContain("1 flow (to_cluster)");
  expect(outcome.stdout + readFileSync(place.configFile, "utf8")).not.toContain("sesame");
  appendFileSync(place.configFile, "page: off\n");
  expect(await hotdir.runUntilIdle(), hotdir.log()).toBe(0);

  expect(readFileSync(`${destination}/top.nc`, "utf8")).toBe("top");
  expect(readFileSync(`${destination}/run 1/deep/a.nc`, "utf8")).toBe("deep");
  expect(readFileSync(`${destination}/run 1/large file.bin`).equals(large)).toBe(true);
  expect(readFileSync(`${destination}/run 1/exact.bin`).equals(large.subarray(1))).toBe(true);
  expect(readlinkSync(`${destination}/run 1/latest`)).toBe("deep/a.nc");
  expect(lstatSync(`${destination}/empty`).isDirectory()).toBe(true);
  expect([existsSync(`${destination}/run 1/half.tmp`), existsSync(`${destination}/private/key`)]).toEqual([false, false]);
  // Strictly larger than a million bytes: only one went by the user's own tool.
  const runs = readFileSync(`${home}/accelerated`, "utf8").trim().split("\n");
  expect(runs).toEqual([expect.stringMatching(/to_cluster\/run 1\/large file\.bin cluster:.*\.tmp$/)]);

  // The habit that sr3's documents recommend, and that loses the file there.
  hotdir.start();
  await hotdir.waitFor("the .tmp seen", ({ flows }) => (flows[0]?.counts.ignored ?? 0) >= 2);
  write(`${source}/late.nc.tmp`, "late");
  await hotdir.waitFor("the working file seen, and left alone", ({ flows }) => (flows[0]?.counts.ignored ?? 0) >= 3);
  renameSync(`${source}/late.nc.tmp`, `${source}/late.nc`);
  await hotdir.waitFor("late.nc", () => existsSync(`${destination}/late.nc`));
  expect(readFileSync(`${destination}/late.nc`, "utf8")).toBe("late");
  expect(await hotdir.stop()).toBe(0);
});

test("a sender as a document prints it, without baseDir and with a broker of no known kind, transfers; removals follow", async () => {
  await using place = await makePlace();
  const { home, sshd, hotdir } = place;
  place.sr3({
    ...credentials,
    "watch/up.conf":
      "post_broker amqps://u037@hub.example.org\npost_exchange xs_up\n\npost_baseUrl file:${HOME}/up\npath ${HOME}/up\n\nnodupe_ttl on\n\nreject .*.tmp$\naccept .*\n",
    "sender/up.conf": `broker amqps://u037@hub.example.org\nexchange xs_up\nsendTo sftp://cluster\ninstances 5 \ninflight .tmp\nnodupe_ttl on\nreject .*.tmp$\naccept .*\npost_broker cluster://u037@hub.example.org\npost_baseUrl sftp://u037@hub.example.org/on\npost_baseDir ${sshd.home}/on\npost_exchange xs_on\n`,
  });
  write(`${home}/up/a/b/f.txt`, "as printed");
  write(`${home}/up/gone.txt`, "for a while");
  const printed = await hotdir.ask("import", "sr3", "sender/up", "--without-broker");
  expect(printed).toMatchObject({ status: 0, stderr: "" });
  expect(printed.stdout).toMatch(/# - sender\/up\.conf:1: assumed: files are read in .*\/up, where watch\/up sees them/);
  expect(printed.stdout).toContain("# - sender/up.conf:9: post_broker: cluster: is none of amqp:");
  writeFileSync(place.configFile, `${printed.stdout}page: off\n`);
  hotdir.start();
  await hotdir.waitFor("both files", ({ flows }) => flows[0]?.counts.delivered === 4);
  expect(readFileSync(`${sshd.home}/on/a/b/f.txt`, "utf8")).toBe("as printed");
  renameSync(`${home}/up/gone.txt`, `${home}/elsewhere`);
  await hotdir.waitFor("the removal", () => !existsSync(`${sshd.home}/on/gone.txt`));
  expect(await hotdir.stop()).toBe(0);
});

test("a post and its sender take files from anywhere, by hotdir post", async () => {
  await using place = await makePlace();
  const { home, sshd, hotdir } = place;
  place.sr3({
    ...credentials,
    "post/queue.conf":
      "post_broker amqps://u037@hub.example.org\npost_exchange xs_queue\npost_baseUrl file:\nnodupe_ttl on\nreject .*.tmp$\naccept .*\n",
    "sender/queue.conf": `broker amqps://u037@hub.example.org\nexchange xs_queue\nsendTo sftp://cluster\ninflight .tmp\ninstances 1\nreject .*.tmp$\naccept .*\npost_baseDir ${sshd.home}/on\n`,
  });
  write(`${home}/1stfile`, "lala");
  write(`${home}/work.tmp`, "not yet");
  expect(
    await hotdir.ask("import", "sr3", `${home}/.config/sr3/post/queue.conf`, "--without-broker", "-o", place.configFile),
  ).toMatchObject({ status: 0 });
  expect((await hotdir.ask("post", "-f", "queue", `${home}/1stfile`, `${home}/work.tmp`)).stdout).toContain(
    "1 change queued, 1 path ignored",
  );
  expect(await hotdir.runUntilIdle(), hotdir.log()).toBe(0);
  // The whole path, as sr3 puts it.
  expect(readFileSync(`${sshd.home}/on${home}/1stfile`, "utf8")).toBe("lala");
});

test("what cannot be imported is said in its line, ends with 2, and writes nothing", async () => {
  await using place = await makePlace();
  const { hotdir } = place;
  const nothing = await hotdir.ask("import", "sr3", "--without-broker");
  expect(nothing).toMatchObject({ status: 2, stdout: "" });
  expect(nothing.stderr).toContain(`there is no configuration of sr3 in ${place.home}/.config/sr3`);
  place.sr3({
    ...credentials,
    "watch/up.conf": "post_broker amqps://u@hub\npost_exchange x\npost_baseUrl file:/d\npath /d\nmirrror off",
    "sender/up.conf": "broker amqps://u@hub\nexchange x\nsendTo sftp://cluster\nbaseDir /d\ndirectory /e\nmirror off\naccept .*",
    "sarra/down.conf": "broker amqps://u@hub\nexchange y",
  });
  const wrong = await hotdir.ask("import", "sr3", "--without-broker", "-o", place.configFile);
  expect(wrong).toMatchObject({ status: 2, stdout: "" });
  expect(wrong.stderr.split("\n")).toEqual([
    expect.stringContaining("sarra/down is left out: "),
    expect.stringContaining("sender/up.conf:7: mirror off puts the files of all directories into one"),
    'watch/up.conf:5: "mirrror" is no option of sr3; did you mean "mirror"?',
    "hotdir: nothing was written: 2 lines cannot be carried over",
    "",
  ]);
  expect(existsSync(place.configFile)).toBe(false);

  const withBroker = await hotdir.ask("import", "sr3", "sarra/down");
  expect(withBroker).toMatchObject({ status: 2, stdout: "" });
  expect(withBroker.stderr.split("\n")).toEqual([
    "sarra/down.conf:1: sarra names no directory, so that sr3 writes below where it was started",
    "hotdir: nothing was written: 1 line cannot be carried over",
    "",
  ]);
  expect((await hotdir.ask("import", "sr3", "sender/upp", "--without-broker")).stderr).toContain("did you mean sender/up?");
  writeFileSync(place.configFile, "mine");
  expect((await hotdir.ask("import", "sr3", "--without-broker", "-o", place.configFile)).stderr).toContain(
    "is there already, and is left as it is",
  );
  expect(readFileSync(place.configFile, "utf8")).toBe("mine");
});
