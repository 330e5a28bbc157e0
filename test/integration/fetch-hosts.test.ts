import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { subscriptionSettings } from "../support/bus-settings.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { makeHosts, type SubscribedHosts, treeOf } from "../support/subscribed-hosts.ts";
import { waitUntil } from "../support/waiting.ts";
import { startWebServer } from "../support/web-server.ts";

let sshd: TestSshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const below = (hosts: SubscribedHosts): string => `sftp://${sshd.hostAlias}${hosts.source}`;

test("a file that is not what was announced any more arrives as it is by then, and so does what came after it", async () => {
  await using hosts = await makeHosts({ ssh: sshd.target.ssh });
  hosts.start("one");
  await using server = await startWebServer(hosts.source);
  for (const baseUrl of [below(hosts), server.url]) {
    const name = baseUrl.replace(/:.*/, "");
    writeFileSync(join(hosts.source, name), "announced");
    const announced = hosts.seen(name);
    writeFileSync(join(hosts.source, name), "newer, and longer");
    hosts.tell(announced, { baseUrl });
    hosts.tell({ kind: "delete", path: announced.path }, { baseUrl });
    writeFileSync(join(hosts.source, `${name}-gone`), "gone by then");
    const gone = hosts.seen(`${name}-gone`);
    rmSync(join(hosts.source, `${name}-gone`));
    hosts.tell(gone, { baseUrl, pubTimeNs: BigInt(Date.now() - 3600_000) * 1_000_000n });
  }
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["http: newer, and longer", "sftp: newer, and longer"]);
});

test("an origin that is away costs nobody an attempt, and all that waits for it arrives when it is back", async () => {
  await using hosts = await makeHosts({ ssh: sshd.target.ssh });
  const host = hosts.start("one");
  await using server = await startWebServer(hosts.source);
  const { url } = server;
  const names = Array.from({ length: 30 }, (_, index) => `file-${String(index).padStart(2, "0")}`);
  for (const name of names) writeFileSync(join(hosts.source, name), name);
  await server.refuse(true);
  for (const name of names) hosts.tell(hosts.seen(name), { baseUrl: url });
  const waiting = "SELECT count(*) AS n FROM transfer WHERE reason LIKE '%origin cannot be reached%'";
  await waitUntil("all wait", () => host.db.get<{ n: number }>(waiting)?.n === names.length);
  expect(host.flow.state.state).toBe("running");
  // What is fetched elsewhere goes on.
  writeFileSync(join(hosts.source, "elsewhere"), "elsewhere");
  hosts.tell(hosts.seen("elsewhere"), { baseUrl: below(hosts) });
  await waitUntil("the other origin's", () => treeOf(hosts.destination).length === 1);
  await server.refuse(false);
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(treeOf(hosts.source));
  expect(host.db.all("SELECT id FROM transfer WHERE failures > 0 OR state = 'dead'")).toEqual([]);
});

test("what waits for an origin that is away takes no more than half of the places, whatever it is that waits", async () => {
  await using hosts = await makeHosts({ subscription: subscriptionSettings({ prefetch: 8 }) });
  const host = hosts.start("one");
  await using server = await startWebServer(hosts.source);
  const names = Array.from({ length: 40 }, (_, index) => `file-${index}`);
  for (const name of names) writeFileSync(join(hosts.source, name), name);
  await server.refuse(true);
  for (const name of names) {
    const change = hosts.seen(name);
    // Of a removal it is looked first whether the file is there again.
    hosts.tell(name.endsWith("3") ? { kind: "delete", path: change.path } : change, { baseUrl: server.url });
  }
  writeFileSync(join(hosts.source, "here"), "here");
  hosts.tell(hosts.seen("here"));
  await waitUntil("what is here", () => treeOf(hosts.destination).length === 1);
  expect(host.db.all("SELECT id FROM transfer WHERE failures > 0 OR state = 'dead'")).toEqual([]);
  const queue = hosts.broker.queue("q_ada.hotdir.test");
  await waitUntil("all others wait in the queue", () => host.bus.underWay === 4 && queue.waiting === 36);
  expect([queue.ready, queue.dead]).toEqual([[], []]);
});

test("three hosts that fetch make the destination what the source is, whatever happens to the same few names meanwhile", async () => {
  const seed = chooseSeed("hosts that fetch");
  const random = new Random(seed);
  await using hosts = await makeHosts({ ssh: sshd.target.ssh });
  for (const name of ["one", "two", "three"]) hosts.start(name);
  const baseUrl = below(hosts);
  mkdirSync(join(hosts.source, "d"));
  hosts.tell(hosts.seen("d"), { baseUrl });
  const names = ["a", "b", "d/a", "d/b"];
  for (let step = 0; step < 120; step++) {
    const name = random.pick(names);
    const other = random.pick(names);
    const there = hosts.seen(name).kind === "put";
    if (!there || random.chance(0.5)) {
      writeFileSync(join(hosts.source, name), `content ${step} `.repeat(1 + (step % 50)));
      hosts.tell(hosts.seen(name), { baseUrl });
    } else if (random.chance(0.5) || name === other) {
      rmSync(join(hosts.source, name));
      hosts.tell(hosts.seen(name), { baseUrl });
    } else {
      renameSync(join(hosts.source, name), join(hosts.source, other));
      hosts.tell(hosts.renamed(name, other), { baseUrl });
    }
    if (step === 60) {
      await hosts.kill(hosts.hosts[0]!);
      hosts.start("four");
    }
  }
  await hosts.untilQuiet(50_000);
  expect(treeOf(hosts.destination), `seed ${seed}\n${hosts.story()}`).toEqual(treeOf(hosts.source));
});
