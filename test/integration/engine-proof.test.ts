import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { expect, test } from "vitest";
import { chooseSeed, Random } from "../support/random.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";
import { configure, expectSameTrees, flowFact, isThere, rawReceipts, writeFiles } from "./engine-world.ts";

const durableWays = [
  { title: "over ssh with a shell", options: {} },
  { title: "over ssh without a shell", options: { sshdConfig: ["ForceCommand internal-sftp"] } },
  { title: "to a local directory", options: { destination: "file" as const } },
];

for (const { title, options } of durableWays) {
  test(`durable: always, ${title}: each receipt says that it is`, async () => {
    await using world = await makeWorld({ ...options, flow: { destination: { durable: "always", segment_above: "1M" } } });
    const random = new Random(chooseSeed(title));
    writeFiles(world.source, { "d/small": "small", empty: "", medium: random.fill(1_500_000), large: random.fill(10_000_000) });
    expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
    await expectSameTrees(world);
    const receipts = (await rawReceipts(world)).filter(({ kind }) => kind === "put");
    expect(receipts.map(({ path, durable }) => `${String(path)} ${String(durable)}`).toSorted()).toEqual([
      "d/small true",
      "empty true",
      "large true",
      "medium true",
    ]);
    expect(await flowFact(world, "guarantee")).toBe("verified+durable");
  });
}

test("each way of verifying says in its receipts what it proved, and the digests are those of the system's tools", async () => {
  await using world = await makeWorld();
  const tools: Record<string, string> = { sha256: "sha256sum", sha512: "sha512sum", md5: "md5sum", blake2b: "b2sum" };
  const ways = [...Object.keys(tools), "size", "none"];
  configure(world, (flow) =>
    Object.fromEntries(
      ways.map((verify) => [
        verify,
        { ...flow, destination: { ...flow.destination, url: `${String(flow.destination["url"])}/${verify}`, lanes: 1, verify } },
      ]),
    ),
  );
  writeFiles(world.source, { small: "small", large: new Random(chooseSeed("verify")).fill(1_200_000) });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  const receipts = (await rawReceipts(world)).filter(({ kind }) => kind === "put");
  for (const verify of ways) {
    for (const name of ["small", "large"]) {
      const receipt = receipts.find(({ flow, path }) => flow === verify && path === name);
      const tool = tools[verify];
      const digest =
        tool === undefined
          ? null
          : (execFileSync(tool, [`${world.destination}/${verify}/${name}`], { encoding: "utf8" }).split(" ")[0] ?? null);
      const basis = tool === undefined ? verify : "digest";
      expect(receipt, `${verify} ${name}`).toMatchObject({ basis, digest, algorithm: tool === undefined ? null : verify });
      execFileSync("cmp", [`${world.source}/${name}`, `${world.destination}/${verify}/${name}`]);
    }
  }
});

test("preserve: [] keeps neither mode nor time", async () => {
  await using world = await makeWorld({ flow: { destination: { preserve: [] } } });
  const old = new Date("2001-02-03T04:05:06Z");
  const sizes = { small: 10, large: 1_200_000 };
  for (const [name, sizeBytes] of Object.entries(sizes)) {
    writeFiles(world.source, { [name]: Buffer.alloc(sizeBytes, name) });
    chmodSync(`${world.source}/${name}`, 0o700);
    utimesSync(`${world.source}/${name}`, old, old);
  }
  const startedMs = Date.now();
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  for (const name of Object.keys(sizes)) {
    const facts = statSync(`${world.destination}/${name}`);
    expect((facts.mode & 0o777).toString(8), name).toBe("644");
    expect(facts.mtimeMs, name).toBeGreaterThan(startedMs - 2_000);
  }
});

for (const destination of ["sftp", "file"] as const) {
  test(`a destination root (${destination}) that is not there yet is made; one that went is waited for`, async () => {
    await using world = await makeWorld({ destination });
    const root = `${world.destination}/not/yet/there`;
    configure(world, (flow) => ({
      world: { ...flow, destination: { ...flow.destination, url: `${String(flow.destination["url"])}/not/yet/there` } },
    }));
    writeFiles(world.source, { a: "a" });
    world.hotdir.start();
    await waitUntil("the first file", () => isThere(`${root}/a`), { explain: () => world.hotdir.log() });
    await world.hotdir.waitIdle(1);
    await world.hotdir.stop();
    renameSync(root, `${root}.away`);
    writeFiles(world.source, { b: "b" });
    world.hotdir.start();
    const status = await world.hotdir.waitFor("a flow that waits", ({ flows }) => flows[0]?.state === "waiting");
    expect(status.flows[0]?.reason).toMatch(/mounted/);
    expect(isThere(root)).toBe(false);
    renameSync(`${root}.away`, root);
    await waitUntil("the second file", () => isThere(`${root}/b`), { explain: () => world.hotdir.log() });
  });
}

test("something else than a directory at the destination root: the flow waits and says so", async () => {
  await using world = await makeWorld();
  rmSync(world.destination, { recursive: true });
  writeFiles(world.directory, { destination: "a file" });
  writeFiles(world.source, { a: "a" });
  world.hotdir.start();
  const status = await world.hotdir.waitFor("a flow that waits", ({ flows }) => flows[0]?.state === "waiting");
  expect(status.flows[0]?.reason).toMatch(/not a directory/);
  rmSync(world.destination);
  mkdirSync(world.destination);
  await waitUntil("the file", () => isThere(`${world.destination}/a`), { explain: () => world.hotdir.log() });
});
