import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Hotdir } from "../support/daemon.ts";
import { makeHosts, type Hosts } from "../support/hosts.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { testSize } from "../support/size.ts";
import { waitUntil } from "../support/waiting.ts";

/**
 * What Sarracenia 3.00.56 was measured to lose or to get wrong with a watch and a sender as its users' guides write them. The same
 * files are run here, over a real RabbitMQ and a real sshd, and nothing of it happens.
 */

/** How long something is away; the measurements of sr3 were made with 45 s and 30 s. */
const AWAY_MS = testSize === "long" ? 45_000 : 2000;

let hosts: Hosts;
let ssh: Proxy;
let amqp: Proxy;
let serial = 0;

beforeAll(async () => {
  hosts = await makeHosts();
  ssh = await startProxy({ port: hosts.sshd.port });
  amqp = await startProxy({ port: hosts.rabbitmq.port });
}, 120_000);

afterAll(async () => {
  await ssh?.stop();
  await amqp?.stop();
  await hosts?.[Symbol.asyncDispose]();
});

type User = {
  hotdir: Hotdir;
  home: string;
  source: string;
  destination: string;
  at: (path: string) => string;
  there: (path: string) => string;
  /** Waits until these are at the destination, with this content. */
  arrived: (files: Record<string, string | Buffer>) => Promise<void>;
};

type Changes = { watch?: string[]; sender?: (user: { home: string; source: string; destination: string }) => string[]; sends?: string[] };

/** A Sarracenia user's files, imported, not yet started. */
async function user({ watch = [], sender, sends }: Changes = {}): Promise<User> {
  const name = `u${(serial += 1)}`;
  const home = hosts.place(`users/${name}`);
  const source = `${home}/to_hpfx`;
  const destination = hosts.place(`far/${name}`);
  mkdirSync(source, { recursive: true });
  const broker = `amqp://${hosts.rabbitmq.user.name}@127.0.0.1:${amqp.port}/`;
  const [up, on] = [`xs_${name}_from_loli`, `xs_${name}_on_hpfx`];
  const files = {
    "credentials.conf": [`amqp://${hosts.rabbitmq.user.name}:${hosts.rabbitmq.user.password}@127.0.0.1:${amqp.port}/`],
    "watch/to_hpfx.conf": [
      `post_broker ${broker}`,
      `post_exchange ${up}`,
      `post_baseUrl file:${source}`,
      `path ${source}`,
      "nodupe_ttl on",
      ...watch,
      "reject .*.tmp$",
      "accept .*",
    ],
    "sender/to_hpfx.conf": [
      `broker ${broker}`,
      `exchange ${up}`,
      ...(sends ?? [
        `sendTo sftp://${hosts.sshd.hostAlias}`,
        `baseDir ${source}`,
        "instances 5",
        "inflight .tmp",
        "nodupe_ttl on",
        ...(sender?.({ home, source, destination }) ?? []),
        "reject .*.tmp$",
        `directory ${destination}`,
        "accept .*",
        `post_broker ${broker}`,
        `post_baseUrl sftp://${hosts.sshd.hostAlias}`,
        `post_baseDir ${destination}`,
        `post_exchange ${on}`,
      ]),
    ],
  };
  for (const [file, lines] of Object.entries(files)) write(`${home}/.config/sr3/${file}`, `${lines.join("\n")}\n`);
  chmodSync(`${home}/.config/sr3/credentials.conf`, 0o600);
  const configFile = `${home}/hotdir.yaml`;
  const hotdir = new Hotdir({
    configFile,
    stateDirectory: `${home}/state`,
    home,
    logFile: `${home}/log`,
    env: { HOTDIR_SSH: `ssh -F ${hosts.sshd.sshConfigFile} -o Port=${ssh.port} -o HostKeyAlias=[127.0.0.1]:${hosts.sshd.port}` },
  });
  const imported = await hotdir.ask("import", "sr3", `${home}/.config/sr3`, "-o", configFile);
  expect(imported).toMatchObject({ status: 0 });
  appendFileSync(configFile, "\npage: off\n");
  expect(await hotdir.ask("declare")).toMatchObject({ status: 0 });
  const there = (path: string): string => `${destination}/${path}`;
  return {
    hotdir,
    home,
    source,
    destination,
    at: (path) => `${source}/${path}`,
    there,
    arrived: async (expected) => {
      const isThere = ([path, content]: [string, string | Buffer]): boolean =>
        existsSync(there(path)) && readFileSync(there(path)).equals(Buffer.from(content));
      await waitUntil(`${Object.keys(expected).join(", ")} at the destination`, () => Object.entries(expected).every(isThere), {
        timeoutMs: 60_000,
        everyMs: 100,
        explain: () => hotdir.log(),
      });
    },
  };
}

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

async function withDaemon(one: User, work: () => Promise<void>): Promise<void> {
  one.hotdir.start();
  try {
    await work();
  } finally {
    await one.hotdir.killHard();
  }
}

const MINUTES = 180_000;

describe("what is away comes back, and nothing was lost", () => {
  test("sshd away: what is dropped meanwhile arrives when it is back", { timeout: MINUTES }, async () => {
    const one = await user();
    await withDaemon(one, async () => {
      write(one.at("before.dat"), "before");
      await one.arrived({ "before.dat": "before" });
      await ssh.set({ connections: "refuse" });
      await ssh.reset();
      write(one.at("away1.dat"), "one");
      write(one.at("sub/away2.dat"), "two");
      await sleep(AWAY_MS);
      expect(existsSync(one.there("away1.dat"))).toBe(false);
      await ssh.set({});
      await one.arrived({ "away1.dat": "one", "sub/away2.dat": "two" });
    });
  });

  test("the broker away: what is dropped meanwhile arrives when it is back", { timeout: MINUTES }, async () => {
    const one = await user();
    await withDaemon(one, async () => {
      write(one.at("before.dat"), "before");
      await one.arrived({ "before.dat": "before" });
      await amqp.set({ connections: "refuse" });
      await amqp.reset();
      write(one.at("away.dat"), "meanwhile");
      await sleep(AWAY_MS);
      expect(existsSync(one.there("away.dat"))).toBe(false);
      await amqp.set({});
      await one.arrived({ "away.dat": "meanwhile" });
    });
  });

  test("files that come while nothing runs are sent at the next start", { timeout: MINUTES }, async () => {
    const one = await user();
    await withDaemon(one, async () => {
      write(one.at("first"), "1");
      await one.arrived({ first: "1" });
    });
    write(one.at("while/down"), "2");
    await withDaemon(one, async () => one.arrived({ "while/down": "2" }));
    expect(readFileSync(one.there("first"), "utf8")).toBe("1");
  });

  test(
    "kill -9 in the middle of a copy by the user's own tool: it arrives after the next start, and no part stays",
    { timeout: MINUTES },
    async () => {
      const one = await user({ sender: ({ home }) => ["accelThreshold 1M", `accelScpCommand ${home}/slow_scp %s %d`] });
      const tool = `${one.home}/slow_scp`;
      write(tool, `#!/bin/sh\n: >>'${one.home}/copying'\nsleep 2\nexec scp -q -F '${hosts.sshd.sshConfigFile}' "$@"\n`);
      chmodSync(tool, 0o755);
      const large = Buffer.alloc(2_500_000, "killme ");
      await withDaemon(one, async () => {
        write(one.at("killme.bin"), large);
        await waitUntil("the tool copies", () => existsSync(`${one.home}/copying`), { explain: () => one.hotdir.log() });
      });
      expect(existsSync(one.there("killme.bin"))).toBe(false);
      await withDaemon(one, async () => {
        await one.arrived({ "killme.bin": large });
        await waitUntil("no part is left", () => !existsSync(one.there("killme.bin.tmp")), { explain: () => one.hotdir.log() });
      });
    },
  );
});

describe("the habits of users", () => {
  test("foo.tmp that lives for seconds and is then renamed to foo arrives as foo", { timeout: MINUTES }, async () => {
    const one = await user();
    await withDaemon(one, async () => {
      write(one.at("foo.tmp"), "written slowly, ");
      await sleep(2500);
      appendFileSync(one.at("foo.tmp"), "then renamed");
      await sleep(500);
      renameSync(one.at("foo.tmp"), one.at("foo"));
      await one.arrived({ foo: "written slowly, then renamed" });
      expect(existsSync(one.there("foo.tmp"))).toBe(false);
    });
  });

  test("empty directories, relative links in sub-directories, hard links, renamed directories, rm -r", { timeout: MINUTES }, async () => {
    const one = await user();
    await withDaemon(one, async () => {
      mkdirSync(one.at("empty/inner"), { recursive: true });
      write(one.at("q/f.txt"), "f");
      symlinkSync("f.txt", one.at("q/l"));
      symlinkSync("../q/f.txt", one.at("empty/up"));
      linkSync(one.at("q/f.txt"), one.at("q/hard"));
      write(one.at("old/a"), "a");
      write(one.at("old/deep/b"), "b");
      await one.arrived({ "q/f.txt": "f", "q/hard": "f", "old/a": "a", "old/deep/b": "b" });
      await waitUntil("links and empty directories", () => isLink(one.there("q/l")) && existsSync(one.there("empty/inner")), {
        explain: () => one.hotdir.log(),
      });
      expect(readlinkSync(one.there("q/l"))).toBe("f.txt");
      await waitUntil("the other link", () => isLink(one.there("empty/up")), { explain: () => one.hotdir.log() });
      expect(readlinkSync(one.there("empty/up"))).toBe("../q/f.txt");
      renameSync(one.at("old"), one.at("new"));
      await one.arrived({ "new/a": "a", "new/deep/b": "b" });
      await waitUntil("the old directory is gone", () => !existsSync(one.there("old")), { explain: () => one.hotdir.log() });
      rmSync(one.at("q"), { recursive: true });
      await waitUntil("what was removed is gone", () => !existsSync(one.there("q")), {
        timeoutMs: 60_000,
        explain: () => one.hotdir.log(),
      });
      expect(statSync(one.there("new/a")).isFile()).toBe(true);
    });
  });
});

describe("the user's own copy command", () => {
  test("a blank in the name of a large file", { timeout: MINUTES }, async () => {
    const one = await user({ sender: ({ home }) => ["accelThreshold 1M", `accelScpCommand ${home}/fast_scp %s %d`] });
    const tool = `${one.home}/fast_scp`;
    write(tool, `#!/bin/sh\necho "$#" >>'${one.home}/arguments'\nexec scp -q -F '${hosts.sshd.sshConfigFile}' "$@"\n`);
    chmodSync(tool, 0o755);
    const large = Buffer.alloc(1_500_000, "large ");
    await withDaemon(one, async () => {
      write(one.at("run 1/large file.bin"), large);
      await one.arrived({ "run 1/large file.bin": large });
    });
    expect(readFileSync(`${one.home}/arguments`, "utf8")).toBe("2\n");
  });

  test("one that fails is not reported as sent, here or on the second exchange", { timeout: MINUTES }, async () => {
    const one = await user({ sender: () => ["accelThreshold 1M", "accelScpCommand /bin/false %s %d", "attempts 2"] });
    await withDaemon(one, async () => {
      write(one.at("large.bin"), Buffer.alloc(1_500_000, "x"));
      write(one.at("small"), "small");
      await one.arrived({ small: "small" });
      await waitUntil(
        "it is known to have failed",
        async () => (await one.hotdir.ask("explain", one.at("large.bin"))).stdout.includes("exit"),
        {
          timeoutMs: 60_000,
          everyMs: 500,
          explain: () => one.hotdir.log(),
        },
      );
      expect(existsSync(one.there("large.bin"))).toBe(false);
      expect((await one.hotdir.receipts()).filter(({ path }) => path === "large.bin")).toEqual([]);
    });
  });
});

test(
  "a guide's sender as printed, with no baseDir and a broker line with a wrong scheme, transfers, and says what was assumed",
  { timeout: MINUTES },
  async () => {
    const { hostAlias } = hosts.sshd;
    const one = await user({
      sends: [
        `sendTo sftp://${hostAlias}`,
        "instances 5",
        "inflight .tmp",
        "nodupe_ttl on",
        "reject .*.tmp$",
        "accept .*",
        "post_broker hpfx://pas037@hpfx.example.org",
        "post_baseUrl sftp://pas037@hpfx.example.org/on_hpfx",
        `post_baseDir ${hosts.directory}/far/printed`,
        "post_exchange xs_printed_on_hpfx",
      ],
    });
    const text = readFileSync(`${one.home}/hotdir.yaml`, "utf8");
    expect(text).toMatch(/post_broker: hpfx: is none of/);
    mkdirSync(`${hosts.directory}/far/printed`, { recursive: true });
    await withDaemon(one, async () => {
      write(one.at("a/b/f.txt"), "as printed");
      const arrived = `${hosts.directory}/far/printed/a/b/f.txt`;
      await waitUntil("the file is there", () => existsSync(arrived) && readFileSync(arrived, "utf8") === "as printed", {
        timeoutMs: 60_000,
        explain: () => one.hotdir.log(),
      });
    });
  },
);

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}
