import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type AbsPath, bytesOfText } from "../../src/kernel/path.ts";
import { storyOf } from "../../src/flow/ledger/story.ts";
import { rel } from "../support/ledger.ts";
import { holdFirst } from "../support/slow-destination.ts";
import { type Host, makeHosts, treeOf } from "../support/subscribed-hosts.ts";
import { waitUntil } from "../support/waiting.ts";

type Row = { kind: string; path: string; state: string; reason: string | null };

function rows({ db }: Host): Row[] {
  return db.all<Row>("SELECT kind, CAST(path AS TEXT) AS path, state, reason FROM transfer ORDER BY id").map((row) => ({ ...row }));
}

const states = (host: Host): string[] => rows(host).map(({ kind, path, state }) => `${kind} ${path} ${state}`);

test("what a message names is sent as it is by then", async () => {
  await using hosts = await makeHosts();
  hosts.start("one");
  mkdirSync(join(hosts.source, "d"));
  writeFileSync(join(hosts.source, "d/a"), "first");
  hosts.tell(hosts.seen("d"));
  hosts.tell(hosts.seen("d/a"));
  writeFileSync(join(hosts.source, "d/b"), "b");
  hosts.tell(hosts.seen("d/b"));
  symlinkSync("b", join(hosts.source, "d/l"));
  hosts.tell(hosts.seen("d/l"));
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["d/", "d/a: first", "d/b: b", "d/l -> b"]);
  renameSync(join(hosts.source, "d/a"), join(hosts.source, "c"));
  hosts.tell(hosts.renamed("d/a", "c"));
  rmSync(join(hosts.source, "d/l"));
  hosts.tell(hosts.seen("d/l"));
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(treeOf(hosts.source));
});

test("a directory that was renamed brings what it had before that was sent", async () => {
  await using hosts = await makeHosts();
  const host = hosts.start("one");
  mkdirSync(join(hosts.source, "d"));
  writeFileSync(join(hosts.source, "d/sent"), "sent before");
  for (const path of ["d", "d/sent"]) hosts.tell(hosts.seen(path));
  await hosts.untilQuiet();
  mkdirSync(join(hosts.source, "d/s"));
  for (const path of ["d/a", "d/s/b"]) writeFileSync(join(hosts.source, path), path);
  symlinkSync("a", join(hosts.source, "d/s/l"));
  const told = [hosts.seen("d/s"), hosts.seen("d/a"), hosts.seen("d/s/b"), hosts.seen("d/s/l")];
  renameSync(join(hosts.source, "d"), join(hosts.source, "e"));
  for (const change of [...told, hosts.renamed("d", "e")]) hosts.tell(change);
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(treeOf(hosts.source));
  expect(states(host)).not.toContain("put e/sent delivered");
});

test("a message that comes again while its file is being sent changes nothing, and is answered when that ends", async () => {
  await using hosts = await makeHosts();
  const host = hosts.start("one");
  using held = holdFirst("replace", "/a");
  writeFileSync(join(hosts.source, "a"), "content");
  hosts.tell(hosts.seen("a"));
  await held.reached;
  hosts.broker.cut();
  hosts.broker.cut();
  await sleep(50);
  expect(hosts.broker.open).toBe(1);
  held.release();
  await hosts.untilQuiet();
  expect(states(host)).toEqual(["put a delivered"]);
});

test("a message of what is delivered does nothing; another one of the same file finds it there", async () => {
  await using hosts = await makeHosts();
  const host = hosts.start("one");
  writeFileSync(join(hosts.source, "a"), "content");
  hosts.tell(hosts.seen("a"));
  await hosts.untilQuiet();
  const [{ exchange, body }] = hosts.broker.published as [{ exchange: string; body: Buffer }];
  hosts.broker.publish(exchange, body);
  await hosts.untilQuiet();
  expect(states(host)).toEqual(["put a delivered"]);
  hosts.tell(hosts.seen("a"));
  await hosts.untilQuiet();
  const story = storyOf(host.db, host.flow.entry.id, rel("a")).transfers;
  expect([story.length, story.at(-1)?.receipt?.method]).toEqual([2, "found"]);
});

test("a change that tells nothing new is passed over where the flow asks for that", async () => {
  await using hosts = await makeHosts({ duplicatesMs: 60_000 });
  const host = hosts.start("one");
  writeFileSync(join(hosts.source, "a"), "content");
  for (let n = 0; n < 3; n++) {
    hosts.tell(hosts.seen("a"));
    await hosts.untilQuiet();
  }
  expect(states(host)).toEqual(["put a delivered"]);
});

test("what is gone when its message comes is written down with the reason, and nothing is done", async () => {
  await using hosts = await makeHosts();
  const host = hosts.start("one");
  writeFileSync(join(hosts.source, "stays"), "");
  writeFileSync(join(hosts.source, "a"), "content");
  const change = hosts.seen("a");
  rmSync(join(hosts.source, "a"));
  hosts.tell(change);
  await hosts.untilQuiet();
  expect(rows(host)).toEqual([{ kind: "put", path: "a", state: "ignored", reason: "it was not there any more when its message came" }]);
});

test("a removal is made though this host never heard of the file", async () => {
  await using hosts = await makeHosts();
  hosts.start("one");
  writeFileSync(join(hosts.destination, "a"), "of another host");
  writeFileSync(join(hosts.source, "stays"), "");
  hosts.tell({ kind: "delete", path: rel("a") });
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual([]);
});

test("a file that fails comes again to any host, is a dead letter in the end, and is sent once it is given back", async () => {
  await using hosts = await makeHosts({}, { retry: { attemptsMax: 3, backoff: { minMs: 5, maxMs: 10 } } });
  const [one, two] = [hosts.start("one"), hosts.start("two")];
  mkdirSync(join(hosts.destination, "a/b"), { recursive: true });
  writeFileSync(join(hosts.source, "a"), "content");
  hosts.tell(hosts.seen("a"));
  writeFileSync(join(hosts.source, "other"), "content");
  hosts.tell(hosts.seen("other"));
  const queue = hosts.broker.queues.get("q_ada.hotdir.test")!;
  await waitUntil("it is dead", () => queue.dead.length === 1, { explain: () => hosts.story() });
  await hosts.untilQuiet();
  const tried = [one, two].flatMap((host) => rows(host).filter(({ path }) => path === "a"));
  expect(tried.map(({ state }) => state).toSorted()).toEqual(["dead", "superseded", "superseded"]);
  expect(tried.filter(({ reason }) => reason?.includes("its message is back in the queue"))).toHaveLength(2);
  expect(queue.dead[0]!.reason).toBe(tried.find(({ state }) => state === "dead")!.reason);
  expect(readFileSync(join(hosts.destination, "other"), "latin1")).toBe("content");

  rmSync(join(hosts.destination, "a"), { recursive: true });
  expect(await (one.flow.receiver?.subscription ?? two.flow.receiver!.subscription!).revive(null)).toBe(1);
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["a: content", "other: content"]);
});

test("a dead letter whose message is given back to this host is tried again under it", async () => {
  await using hosts = await makeHosts({}, { retry: { attemptsMax: 1, backoff: { minMs: 5, maxMs: 10 } } });
  const host = hosts.start("one");
  mkdirSync(join(hosts.destination, "a/b"), { recursive: true });
  writeFileSync(join(hosts.source, "a"), "content");
  hosts.tell(hosts.seen("a"));
  await waitUntil("it is dead", () => states(host).includes("put a dead"));
  await hosts.untilQuiet();
  rmSync(join(hosts.destination, "a"), { recursive: true });
  await host.flow.receiver!.subscription!.revive(null);
  await hosts.untilQuiet();
  expect(rows(host).map(({ state, reason }) => [state, reason])).toEqual([
    ["superseded", "given back to the queue"],
    ["delivered", null],
  ]);
});

test("while the destination is out of reach messages wait, unanswered, at no attempt's cost", async () => {
  await using hosts = await makeHosts();
  const host = hosts.start("one");
  rmSync(hosts.destination, { recursive: true });
  writeFileSync(hosts.destination, "no directory");
  writeFileSync(join(hosts.source, "a"), "content");
  hosts.tell(hosts.seen("a"));
  await waitUntil("the flow waits", () => host.flow.state.state === "waiting");
  expect([hosts.broker.open, states(host)]).toEqual([1, ["put a queued"]]);
  rmSync(hosts.destination);
  mkdirSync(hosts.destination);
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["a: content"]);
});

test("a host that pauses hands back what it has, and takes nothing; a further one goes on", async () => {
  await using hosts = await makeHosts();
  const one = hosts.start("one");
  rmSync(hosts.destination, { recursive: true });
  writeFileSync(hosts.destination, "no directory");
  for (const path of ["a", "b", "c"]) {
    writeFileSync(join(hosts.source, path), path);
    hosts.tell(hosts.seen(path));
  }
  await waitUntil("it has taken them", () => states(one).length === 3);
  one.flow.pause();
  const queue = hosts.broker.queues.get("q_ada.hotdir.test")!;
  await waitUntil("it has handed them back", () => queue.ready.length === 3 && queue.consumers.length === 0);
  rmSync(hosts.destination);
  mkdirSync(hosts.destination);
  hosts.start("two");
  await waitUntil("the other has delivered them", () => hosts.broker.open === 0);
  expect(treeOf(hosts.destination)).toEqual(["a: a", "b: b", "c: c"]);
  await one.flow.resume();
  await hosts.untilQuiet();
  const methods = one.db.all<{ method: string }>("SELECT method FROM transfer").map(({ method }) => method);
  expect(methods).toEqual(["found", "found", "found"]);
});

test("a host that is killed for good loses nothing", async () => {
  await using hosts = await makeHosts();
  const one = hosts.start("one");
  using held = holdFirst("replace", "/a");
  writeFileSync(join(hosts.source, "a"), "content");
  hosts.tell(hosts.seen("a"));
  await held.reached;
  const killed = hosts.kill(one);
  hosts.start("two");
  await waitUntil("the other has delivered it", () => hosts.broker.open === 0);
  held.release();
  await killed;
  expect(treeOf(hosts.destination)).toEqual(["a: content"]);
});

test("routes say where files go, a rename's old name among them", async () => {
  const route = { mirror: true, strip: { kind: "none" }, flatten: null, name: null } as const;
  await using hosts = await makeHosts({
    routes: [
      { ...route, accepts: false, pattern: /\.tmp$/, into: "" },
      { ...route, accepts: true, pattern: /^in\//, into: "out", strip: { kind: "count", count: 1 } },
    ],
    unmatched: null,
  });
  const host = hosts.start("one");
  mkdirSync(join(hosts.source, "in"));
  for (const path of ["in/a", "in/b.tmp", "elsewhere"]) {
    writeFileSync(join(hosts.source, path), path);
    hosts.tell(hosts.seen(path));
  }
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["out/", "out/a: in/a"]);
  renameSync(join(hosts.source, "in/a"), join(hosts.source, "in/c"));
  hosts.tell(hosts.renamed("in/a", "in/c"));
  renameSync(join(hosts.source, "in/b.tmp"), join(hosts.source, "in/b"));
  hosts.tell(hosts.renamed("in/b.tmp", "in/b"));
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["out/", "out/b: in/b.tmp", "out/c: in/a"]);
  expect(states(host)).toEqual(["put out/a delivered", "rename out/c delivered", "put out/b delivered"]);
});

test("where each message's own base counts, files are found there, also behind a link to the base", async () => {
  await using hosts = await makeHosts({ base: "url", root: bytesOfText("/") as AbsPath });
  hosts.start("one");
  symlinkSync(hosts.source, `${hosts.source}-alias`);
  for (const [path, base] of [
    ["small", hosts.source],
    ["aliased", `${hosts.source}-alias`],
  ] as const) {
    writeFileSync(join(hosts.source, path), path);
    hosts.tell(hosts.seen(path), { baseUrl: `file:${base}` });
  }
  writeFileSync(join(hosts.source, "large"), "x".repeat(3_000_000));
  hosts.tell(hosts.seen("large"));
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination).map((line) => line.slice(0, 20))).toEqual([
    "aliased: aliased",
    `large: ${"x".repeat(13)}`,
    "small: small",
  ]);
});

test("a message waits until it is old enough, and only the last of a path is followed", async () => {
  await using hosts = await makeHosts({ settle: { kind: "quiet", quietMs: 400 } });
  const host = hosts.start("one");
  for (const content of ["1", "22", "333"]) {
    writeFileSync(join(hosts.source, "a"), content);
    hosts.tell(hosts.seen("a"), { pubTimeNs: BigInt(Date.now()) * 1_000_000n });
    await sleep(30);
  }
  expect(states(host)).toEqual([]);
  await hosts.untilQuiet();
  expect([states(host), treeOf(hosts.destination)]).toEqual([["put a delivered"], ["a: 333"]]);
});

test("a file that somebody writes is sent when he has closed it, though its message came before", async () => {
  await using hosts = await makeHosts();
  const host = hosts.start("one");
  const descriptor = openSync(join(hosts.source, "a"), "w");
  writeSync(descriptor, "first half");
  hosts.tell(hosts.seen("a"));
  await sleep(700);
  expect(states(host)).toEqual([]);
  writeSync(descriptor, ", second half");
  closeSync(descriptor);
  await hosts.untilQuiet();
  expect(treeOf(hosts.destination)).toEqual(["a: first half, second half"]);
});
