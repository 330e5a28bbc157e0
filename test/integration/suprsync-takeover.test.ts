import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { expect, test } from "vitest";
import type { Registered, SuprsyncProducer } from "../support/suprsync-producer.ts";
import { makeSuprsyncWorld, type SuprsyncWorld } from "../support/suprsync-world.ts";
import { waitUntil } from "../support/waiting.ts";

const now = Math.floor(Date.now() / 1000 / 100_000);

/** As the original leaves a file that it has copied and verified. */
function copiedBefore(world: SuprsyncWorld, remotePath: string): Registered {
  const content = Buffer.from(`copied before: ${remotePath}`);
  const file = world.write("smurf", remotePath, content);
  const there = join(world.destination, "smurf", remotePath);
  mkdirSync(dirname(there), { recursive: true });
  writeFileSync(there, content);
  return { ...file, remote_md5sum: file.local_md5sum, copied: Date.now() / 1000 - 60 };
}

const manifests = (world: SuprsyncWorld): string[] =>
  readdirSync(join(world.destination, "smurf"), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith("_finalized.yaml"));

async function finalized(producer: SuprsyncProducer): Promise<number[]> {
  return (await producer.timecodes()).filter((row) => row.finalized === 1).map((row) => row.timecode);
}

test("an agent takes over in the midst: what the original verified counts, what it finalized stays, and what it copied is proved before its source goes", async () => {
  await using world = await makeSuprsyncWorld();
  const producer = world.producer();
  await producer.create();
  const old = copiedBefore(world, `${now - 2}/s/old.g3`);
  await producer.add(old, copiedBefore(world, `${now - 1}/s/a.g3`), copiedBefore(world, `${now - 1}/t/b.g3`));
  const damaged = copiedBefore(world, `${now - 1}/s/damaged.g3`);
  await producer.add(damaged, world.write("smurf", `${now - 1}/s/c.g3`, Buffer.from("new")));
  writeFileSync(join(world.destination, "smurf", damaged.remote_path), "something else since");
  await producer.finish(now - 2, "smurf");
  await producer.add(world.write("smurf", `${now}/s/d.g3`, Buffer.from("newer")));

  const agent = world.agent("smurf", { "--delete-local-after": "0" });
  agent.start();
  await waitUntil("the timecode directory is final", async () => (await finalized(producer)).includes(now - 1), {
    explain: () => agent.log().slice(-4000),
  });
  await waitUntil("all sources are gone", async () => (await producer.rows()).every((row) => row.removed !== null), {
    explain: () => agent.log().slice(-4000),
  });
  expect(await agent.stop(), agent.log()).toBe(0);
  expect(await finalized(producer)).toEqual([now - 2, now - 1]);
  const [manifest, ...others] = manifests(world);
  expect(others).toEqual([]);
  expect(parse(readFileSync(join(world.destination, "smurf", manifest!), "utf8"))).toMatchObject({
    timecode: now - 1,
    num_files: 4,
    subdirs: ["s", "t"],
    archive_name: "smurf",
    instance_id: "smurf-sync",
  });
  // The one that was damaged since was sent again before its source went.
  for (const row of await producer.rows()) {
    expect(existsSync(row.local_path)).toBe(false);
    expect(world.arrived(row)).toBe(row.local_md5sum);
  }
});

test("without --delete-local-after the files of the original are counted and left alone", async () => {
  await using world = await makeSuprsyncWorld();
  const producer = world.producer();
  await producer.create();
  const before = [copiedBefore(world, `${now - 1}/s/a.g3`), copiedBefore(world, `${now - 1}/b.g3`)];
  await producer.add(...before);
  await producer.add(world.write("smurf", `${now}/s/d.g3`, Buffer.from("newer")));
  const agent = world.agent("smurf");
  agent.start();
  await waitUntil("the timecode directory is final", async () => (await finalized(producer)).length === 1, {
    explain: () => agent.log().slice(-4000),
  });
  await waitUntil("its manifest is there", () => manifests(world).length === 1, { explain: () => agent.log().slice(-4000) });
  expect(await agent.stop(), agent.log()).toBe(0);
  const written = parse(readFileSync(join(world.destination, "smurf", manifests(world)[0]!), "utf8")) as object;
  expect(written).toMatchObject({ timecode: now - 1, num_files: 2, subdirs: ["s"] });
  const row = (await producer.rows()).find(({ remote_path: path }) => path === before[0]!.remote_path)!;
  expect([row.copied, row.failed_copy_attempts, existsSync(row.local_path)]).toEqual([before[0]!.copied, 0, true]);
  const finalizing = (await producer.rows()).find(({ remote_path: path }) => path.endsWith("_finalized.yaml"))!;
  const [timecode] = (await producer.timecodes()).filter((one) => one.finalized === 1);
  expect(timecode).toMatchObject({ timecode: now - 1, completed: 1, synced: 1, finalize_file_id: finalizing.id });
});
