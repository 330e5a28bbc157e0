import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Received, Subscription } from "../../src/flow/bus.ts";
import { textOf } from "../../src/kernel/path.ts";
import { addressOf, credentialsIn, makeLink } from "../support/broker-link.ts";
import { brokerSettings, makeBus, recorder } from "../support/bus.ts";
import { subscriptionSettings } from "../support/bus-settings.ts";
import { Hotdir } from "../support/daemon.ts";
import { startBroker, type TestBroker } from "../support/rabbitmq.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { makeTemporary } from "../support/temporary.ts";
import { waitUntil } from "../support/waiting.ts";

let rabbitmq: TestBroker;
let sshd: TestSshd;

beforeAll(async () => {
  [rabbitmq, sshd] = await Promise.all([startBroker(), startSshd()]);
});
afterAll(async () => {
  await sshd[Symbol.asyncDispose]();
  await rabbitmq[Symbol.asyncDispose]();
});

/** A Sarracenia user's home, the broker that he has an account at, and who else listens there. */
type Place = AsyncDisposable & {
  home: string;
  hotdir: Hotdir;
  configFile: string;
  /** Where sr3 would note the names of its queues. */
  cache: string;
  /** As configurations have it. */
  broker: string;
  /** Writes below `~/.config/sr3`, beside the credentials. */
  sr3: (files: Record<string, string[]>) => void;
  /** Imports, declares, and listens to the exchanges from then on. */
  imported: (...listenTo: string[]) => Promise<Received[]>;
};

async function makePlace(): Promise<Place> {
  await using undo = new AsyncDisposableStack();
  const { path } = undo.use(await makeTemporary());
  const home = `${path}/home`;
  mkdirSync(home);
  const configFile = `${path}/hotdir.yaml`;
  const cache = `${home}/.cache`;
  const { name: user, password } = rabbitmq.user;
  const hotdir = new Hotdir({
    configFile,
    stateDirectory: `${path}/state`,
    home,
    logFile: `${path}/log`,
    env: { HOTDIR_SSH: `ssh -F ${sshd.sshConfigFile}`, XDG_CACHE_HOME: cache },
  });
  undo.defer(() => hotdir.killHard());
  const bus = undo.use(makeBus());
  const held = undo.move();
  const listen = async (exchange: string, story: ReturnType<typeof recorder>): Promise<void> => {
    const settings = subscriptionSettings({
      broker: brokerSettings(path, rabbitmq, rabbitmq.user),
      exchange,
      queue: `q_listener_${exchange}_${process.pid}`,
    });
    const subscription: Subscription = held.use(bus.subscribe(settings, "listener", story.handle));
    await waitUntil(`somebody listens to ${exchange}`, () => subscription.state.state === "ready", {
      explain: () => JSON.stringify(subscription.state),
    });
  };
  return {
    home,
    hotdir,
    configFile,
    cache,
    broker: `amqp://${user}@127.0.0.1:${rabbitmq.port}`,
    sr3: (files) => {
      write(`${home}/.config/sr3/credentials.conf`, `amqp://${user}:${password}@127.0.0.1:${rabbitmq.port}\n`);
      chmodSync(`${home}/.config/sr3/credentials.conf`, 0o600);
      for (const [name, lines] of Object.entries(files)) write(`${home}/.config/sr3/${name}`, `${lines.join("\n")}\n`);
    },
    imported: async (...listenTo) => {
      const outcome = await hotdir.ask("import", "sr3", "--output", configFile);
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      expect(outcome.stdout + readFileSync(configFile, "utf8")).not.toContain(password);
      appendFileSync(configFile, "page: off\n");
      const declared = await hotdir.ask("declare");
      expect(declared, declared.stdout + declared.stderr).toMatchObject({ status: 0 });
      const heard = recorder();
      for (const exchange of listenTo) await listen(exchange, heard);
      return heard.story;
    },
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

function paths(heard: readonly Received[], kind: string): string[] {
  const told = heard.filter(({ told: { change } }) => change.kind === kind).map(({ told: { change } }) => textOf(change.path));
  return [...new Set(told)].toSorted();
}

test("a watch and a sender as their users write them are two flows that meet on sr3's exchange; each delivery is announced on the other", async () => {
  await using place = await makePlace();
  const { home, hotdir, broker } = place;
  const tool = `${home}/bin/fast_scp`;
  write(tool, `#!/bin/sh\nprintf '%s\\n' "$*" >>'${home}/accelerated'\nexec scp -q -F '${sshd.sshConfigFile}' "$@"\n`);
  chmodSync(tool, 0o755);
  const folder = `${sshd.home}/on_cluster`;
  place.sr3({
    "default.conf": [
      "declare env NICK=cluster",
      `declare env FOLDER=${folder}`,
      "declare env UPLOADS=${HOME}/to_${NICK}",
      `declare env HUB=${broker}`,
      "declare env UP=xs_hotdir_from_loli_to_${NICK}",
    ],
    "watch/to_cluster.conf": [
      "post_broker ${HUB}",
      "post_exchange ${UP}",
      "post_baseUrl file:${UPLOADS}",
      "fileEvents -delete,rmdir",
      "path ${UPLOADS}",
      "nodupe_ttl on",
      "reject .*.tmp$",
      "accept .*",
    ],
    "sender/to_cluster.conf": [
      "broker ${HUB}",
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
      "post_broker ${HUB}",
      "post_baseUrl sftp://${NICK}",
      "post_baseDir ${FOLDER}",
      "post_exchange xs_hotdir_on_${NICK}",
    ],
  });
  const source = `${home}/to_cluster`;
  const large = Buffer.alloc(1_000_001, "large ");
  write(`${source}/top.nc`, "top");
  write(`${source}/run 1/deep/a.nc`, "deep");
  write(`${source}/run 1/large file.bin`, large);
  write(`${source}/run 1/half.tmp`, "not yet");
  write(`${source}/private/key`, "not theirs");
  mkdirSync(`${source}/empty`);
  symlinkSync("deep/a.nc", `${source}/run 1/latest`);

  const heard = await place.imported("xs_hotdir_on_cluster");
  hotdir.start();
  const files = ["run 1/deep/a.nc", "run 1/large file.bin", "top.nc"];
  await waitUntil("the files are announced", () => paths(heard, "put").length >= files.length, {
    timeoutMs: 60_000,
    explain: () => hotdir.log(),
  });
  await waitUntil("the directory and the link", () => existsSync(`${folder}/empty`) && paths(heard, "link").length > 0);
  expect(paths(heard, "put")).toEqual(files);
  expect(paths(heard, "link")).toEqual(["run 1/latest"]);
  expect(new Set(heard.map(({ told }) => told.baseUrl))).toEqual(new Set(["sftp://cluster"]));
  expect(heard.every(({ told: { change, digest } }) => change.kind !== "put" || digest?.algorithm === "sha512")).toBe(true);
  expect(readFileSync(`${folder}/run 1/deep/a.nc`, "utf8")).toBe("deep");
  expect(readFileSync(`${folder}/run 1/large file.bin`).equals(large)).toBe(true);
  expect(readlinkSync(`${folder}/run 1/latest`)).toBe("deep/a.nc");
  expect(lstatSync(`${folder}/empty`).isDirectory()).toBe(true);
  expect([existsSync(`${folder}/run 1/half.tmp`), existsSync(`${folder}/private/key`)]).toEqual([false, false]);
  expect(readFileSync(`${home}/accelerated`, "utf8").trim().split("\n")).toEqual([
    expect.stringMatching(/to_cluster\/run 1\/large file\.bin cluster:.*\.tmp$/),
  ]);

  // The habit that sr3's documents recommend, and that loses the file there; and a removal, which is not wanted.
  const tmpSeen = ({ flows }: Awaited<ReturnType<Hotdir["status"]>>): number =>
    flows.find(({ name }) => name === "watch-to_cluster")?.counts.ignored ?? 0;
  const before = tmpSeen(await hotdir.status());
  write(`${source}/late.nc.tmp`, "late");
  await hotdir.waitFor("the working file seen, and left alone", (status) => tmpSeen(status) > before);
  renameSync(`${source}/late.nc.tmp`, `${source}/late.nc`);
  rmSync(`${source}/top.nc`);
  await waitUntil("late.nc is announced", () => paths(heard, "put").includes("late.nc"), { explain: () => hotdir.log() });
  expect(readFileSync(`${folder}/late.nc`, "utf8")).toBe("late");
  expect([existsSync(`${folder}/top.nc`), paths(heard, "delete")]).toEqual([true, []]);
  expect(await hotdir.stop()).toBe(0);
  expect(await rabbitmq.ctl("list_queues", "name", "messages")).toMatch(/^q_hotdir\.sender\.to_cluster\.\S+\t0$/m);
});

test("the second document's sender as printed, without baseDir and with a broker of no known kind, and its post, by hand", async () => {
  await using place = await makePlace();
  const { home, hotdir, broker } = place;
  place.sr3({
    "watch/up.conf": [
      `post_broker ${broker}`,
      "post_exchange xs_printed",
      "post_baseUrl file:${HOME}/up",
      "path ${HOME}/up",
      "nodupe_ttl on",
      "reject .*.tmp$",
      "accept .*",
    ],
    "sender/up.conf": [
      `broker ${broker}`,
      "exchange xs_printed",
      "sendTo sftp://cluster",
      "instances 5",
      "inflight .tmp",
      "nodupe_ttl on",
      "reject .*.tmp$",
      "accept .*",
      "post_broker cluster://hotdir@hub.example.org",
      "post_baseUrl sftp://u037@hub.example.org/on",
      `post_baseDir ${sshd.home}/printed`,
      "post_exchange xs_on",
    ],
    "post/queue.conf": ["post_baseUrl file:", "nodupe_ttl on", "reject .*.tmp$", "accept .*"],
    "sender/queue.conf": [
      `broker ${broker}`,
      "exchange xs_queue",
      "sendTo sftp://cluster",
      "inflight .tmp",
      "instances 1",
      "reject .*.tmp$",
      "accept .*",
      `post_broker ${broker}`,
      "post_exchange xs_queue_done",
      "post_baseUrl sftp://u037@hub.example.org/on",
      `post_baseDir ${sshd.home}/queued`,
    ],
  });
  write(`${home}/up/a/b/f.txt`, "as printed");
  write(`${home}/up/gone.txt`, "for a while");
  write(`${home}/1stfile`, "lala");
  write(`${home}/work.tmp`, "not yet");
  const heard = await place.imported("xs_queue_done");
  hotdir.start();
  await waitUntil("both files", () => existsSync(`${sshd.home}/printed/a/b/f.txt`) && existsSync(`${sshd.home}/printed/gone.txt`), {
    timeoutMs: 60_000,
    explain: () => hotdir.log(),
  });
  expect(readFileSync(`${sshd.home}/printed/a/b/f.txt`, "utf8")).toBe("as printed");
  // sr3 forwards removals unless it is told not to.
  rmSync(`${home}/up/gone.txt`);
  await waitUntil("the removal", () => !existsSync(`${sshd.home}/printed/gone.txt`), { explain: () => hotdir.log() });

  const posted = await hotdir.ask("post", "-f", "post-queue", `${home}/1stfile`, `${home}/work.tmp`);
  expect(posted.stdout).toContain("1 change queued, 1 path ignored");
  await waitUntil("the posted file is announced", () => paths(heard, "put").length > 0, { explain: () => hotdir.log() });
  // The whole path, as sr3 puts it.
  expect(paths(heard, "put")).toEqual([`${home}/1stfile`.slice(1)]);
  expect(readFileSync(`${sshd.home}/queued${home}/1stfile`, "utf8")).toBe("lala");
  expect(await hotdir.stop()).toBe(0);
});

test("a tree is mirrored here by way of winnows, which let the last word about a path through, and a sarra", async () => {
  await using place = await makePlace();
  const { home, hotdir, broker } = place;
  const winnow = (number: string): string[] => [`exchange xs_winnow${number}`, "include mirror.inc"];
  place.sr3({
    "default.conf": [`declare env PRIMARY_DIR=${home}/source`, `declare env COPY_DIR=${home}/copy`, `declare env HUB=${broker}`],
    "admin.conf": ["admin ${HUB}", "feeder ${HUB}"],
    "cpost/mirror.conf": [
      "post_baseUrl file:/",
      "post_broker ${HUB}",
      "post_exchange xs_winnow",
      "post_exchangeSplit 2",
      "expire 2d",
      "nodupe_ttl off",
      "logReject on",
      "fileEvents create,modify,link,mkdir,delete,rmdir",
      "realpathPost on",
      "integrity none",
      "accept .*",
    ],
    "winnow/mirror00.conf": winnow("00"),
    "winnow/mirror01.conf": winnow("01"),
    "winnow/mirror.inc": [
      "broker ${HUB}",
      "expire 1d",
      "filename None",
      "logdays 2",
      "mdelay 1",
      "flowcb_prepend sarracenia.flowcb.mdelaylatest.MDelayLatest",
      "instances 1",
      "permlog 644",
      "durable true",
      "timeCopy true",
      "suppress_duplicates 60s",
      "post_broker ${HUB}",
      "post_exchange xs_copy",
      "post_base_url file:/",
    ],
    "sarra/copy.conf": [
      "baseDir ${PRIMARY_DIR}",
      "directory ${COPY_DIR}",
      "exchange xs_copy",
      "retry_ttl 10m",
      "expire 2d",
      "broker ${HUB}",
      "subtopic *.#",
      "permDefault 645",
      "permCopy true",
      "timeCopy true",
      "mirror True",
      "flowcb work.age",
      "instances 10",
      "accelThreshold 1M",
      String.raw`reject .*\.tmp$`,
      String.raw`reject .*\.lock$`,
      "accept .*",
      "post_broker ${HUB}",
      "post_exchange xs_output",
    ],
    "shovel/tally.conf": ["broker ${HUB}", "exchange xs_output", "callback tally_volume"],
  });
  for (let number = 0; number < 20; number++) write(`${home}/source/d${number % 3}/f${number}`, `content ${number}`);
  write(`${home}/source/d0/x.lock`, "not wanted");
  write(`${home}/source/d0/again`, "first");
  const heard = await place.imported("xs_output");
  hotdir.start();
  await hotdir.waitFor("the daemon answers", ({ daemon }) => daemon.running);
  expect((await hotdir.ask("post", "-f", "cpost-mirror", `${home}/source`)).status).toBe(0);
  write(`${home}/source/d0/again`, "the last word");
  expect((await hotdir.ask("post", "-f", "cpost-mirror", `${home}/source/d0/again`)).status).toBe(0);
  await waitUntil("all copies are announced", () => paths(heard, "put").length >= 21, { timeoutMs: 60_000, explain: () => hotdir.log() });
  for (let number = 0; number < 20; number++)
    expect(readFileSync(`${home}/copy/d${number % 3}/f${number}`, "utf8")).toBe(`content ${number}`);
  await waitUntil("the last word", () => readFileSync(`${home}/copy/d0/again`, "utf8") === "the last word", {
    explain: () => hotdir.log(),
  });
  expect(existsSync(`${home}/copy/d0/x.lock`)).toBe(false);
  expect(paths(heard, "put")).toContain(`${home}/copy/d1/f1`.slice(1));
  expect(new Set(heard.map(({ told }) => told.baseUrl))).toEqual(new Set(["file:/"]));
  expect(await hotdir.stop()).toBe(0);
});

test("what waits in the queue that sr3 left is taken over, as sr3 in Python and in C has written it; what is sent may be removed", async () => {
  await using place = await makePlace();
  const { home, hotdir, broker } = place;
  const queue = "q_hotdir.sender.left.bob_loli_07605188";
  place.sr3({
    "sender/left.conf": [
      `broker ${broker}`,
      "exchange xs_left",
      "sendTo sftp://cluster",
      "baseDir ${HOME}/left",
      `directory ${sshd.home}/taken`,
      "expire 2d",
      "delete_source on",
      "accept .*/keep/.*",
      "reject .*.tmp$",
    ],
  });
  write(`${place.cache}/sr3/sender/left/sender.left.hotdir.qname`, queue);
  write(`${home}/left/a/one.nc`, "one");
  write(`${home}/left/keep/two words.tmp`, "two");
  write(`${home}/left/three.tmp`, "three");
  const address = addressOf(broker);
  await using link = makeLink({ address, credentials: credentialsIn(`${home}/raw`, address, rabbitmq.user) });
  const channel = await (await link.connection(AbortSignal.timeout(10_000))).model.createConfirmChannel();
  await channel.assertExchange("xs_left", "topic", { durable: true });
  await channel.assertQueue(queue, { durable: true, arguments: { "x-expires": 172_800_000 } });
  await channel.bindQueue(queue, "xs_left", "v03.#");
  const tell = (key: string, body: string): boolean =>
    channel.publish("xs_left", key, Buffer.from(body), { contentType: "application/json", contentEncoding: "utf-8", deliveryMode: 2 });
  const baseUrl = `file:${home}/left`;
  tell("v03.a", JSON.stringify({ pubTime: "20261122T101112.5", relPath: "a/one.nc", baseUrl, source: "hotdir", mode: "644", size: 3 }));
  // Blanks around colons, a size that is a text, a path that is encoded.
  tell("v03.keep", `{ "pubTime" : "20261122T101113.25", "baseUrl" : "${baseUrl}", "relPath" : "keep/two%20words.tmp", "size" : "3" } \n`);
  tell("v03", JSON.stringify({ pubTime: "20261122T101114", relPath: "three.tmp", baseUrl, size: 5 }));
  await channel.waitForConfirms();
  await channel.close();

  await place.imported();
  expect(readFileSync(place.configFile, "utf8")).toContain(`queue: ${queue}`);
  hotdir.start();
  await waitUntil(
    "what waited has arrived",
    () => existsSync(`${sshd.home}/taken/a/one.nc`) && existsSync(`${sshd.home}/taken/keep/two words.tmp`),
    {
      timeoutMs: 60_000,
      explain: () => hotdir.log(),
    },
  );
  await waitUntil("it is gone here", () => !existsSync(`${home}/left/a/one.nc`) && !existsSync(`${home}/left/keep/two words.tmp`), {
    explain: () => hotdir.log(),
  });
  expect([existsSync(`${home}/left/three.tmp`), existsSync(`${sshd.home}/taken/three.tmp`)]).toEqual([true, false]);
  await waitUntil("nothing is left in it", async () => (await rabbitmq.ctl("list_queues", "name", "messages")).includes(`${queue}\t0`));
  expect(await hotdir.stop()).toBe(0);
});
