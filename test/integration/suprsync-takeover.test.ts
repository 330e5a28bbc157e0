import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parse } from "yaml";
import { expect, test } from "vitest";
import type { Registered, SuprsyncProducer, SuprsyncRow } from "../support/suprsync-producer.ts";
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

const isVerified = ({ local_md5sum: here, remote_md5sum: there }: Pick<SuprsyncRow, "local_md5sum" | "remote_md5sum">): boolean =>
  here === there;

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

test("an original that finalizes beside us makes the only finalization file of that timecode, and odd timecode directories keep no row waiting", async () => {
  await using world = await makeSuprsyncWorld();
  const producer = world.producer();
  await producer.create();
  await producer.add(world.write("smurf", `${now - 3}/s/a.g3`, Buffer.from("ours")));
  const agent = world.agent("smurf");
  agent.start();
  const explain = { explain: (): string => agent.log().slice(-4000) };
  await waitUntil("ours is final", async () => (await finalized(producer)).length === 1, explain);
  await waitUntil("its manifest is there", () => manifests(world).length === 1, explain);
  const row = world.write("smurf", `${now - 2}/s/b.g3`, Buffer.from("theirs"));
  await producer.add(row);
  await producer.finish(now - 2, "smurf");
  await waitUntil("theirs is verified", () => world.arrived({ archive_name: "smurf", remote_path: row.remote_path }) !== null, explain);
  await waitUntil("theirs is known to be final", () => /made final by another program/.test(agent.log()), explain);
  expect((await producer.rows()).filter(({ remote_path: path }) => path.endsWith("_finalized.yaml")).length).toBe(1);
  using database = new DatabaseSync(world.database, { timeout: 5000 });
  database.exec("ALTER TABLE timecode_dirs_v0 RENAME TO kept; CREATE VIEW timecode_dirs_v0 AS SELECT * FROM kept");
  const last = world.write("smurf", `${now - 4}/s/c.g3`, Buffer.from("while it is a view"));
  database
    .prepare(
      `INSERT INTO supersync_v0 (local_path, local_md5sum, archive_name, remote_path, timestamp, failed_copy_attempts, deletable, "ignore") VALUES (?, ?, 'smurf', ?, 1, 0, 1, 0)`,
    )
    .run(last.local_path, last.local_md5sum, last.remote_path);
  await waitUntil(
    "it is told that sets cannot be",
    () => /tell of sets in table supersync_v0: .*cannot modify timecode_dirs_v0/.test(agent.log()),
    explain,
  );
  await waitUntil("rows are written nevertheless", async () => (await producer.rows()).every(isVerified), explain);
  database.exec("DROP VIEW timecode_dirs_v0; ALTER TABLE kept RENAME TO timecode_dirs_v0");
  await waitUntil("the other is final", async () => (await finalized(producer)).includes(now - 4), explain);
  expect(await agent.stop(), agent.log()).toBe(0);
});
