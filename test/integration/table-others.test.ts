import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type ForeignRow, ForeignTable, md5 } from "../support/foreign-table.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { isThere } from "./engine-world.ts";
import { isVerified, makeFile, makeTableWorld, Producer } from "./table-world.ts";

/** Another agent on the same database: it verifies rows of its own archive, and some of ours, as it sees them. */
async function otherAgent(database: string, until: () => boolean): Promise<void> {
  using table = new ForeignTable(database);
  for (let turn = 0; !until(); turn++) {
    for (const row of table.rows())
      if (row.archive_name === "other" && row.remote_md5sum === null) table.set(row.id, { remote_md5sum: row.local_md5sum, copied: 1 });
    // And somebody sweeps: nobody's retries are lost to that.
    table.sqlite.exec("UPDATE supersync_v0 SET failed_copy_attempts = 0 WHERE archive_name = 'other'");
    await sleep(15);
  }
}

test("a writer, another agent and kills on one database lose nothing, and count no attempt twice", { timeout: 60_000 }, async () => {
  const random = new Random(chooseSeed("a table with others"));
  await using world = await makeTableWorld();
  const { hotdir, database } = world;
  await using producer = new Producer(database);
  await producer.ask({ do: "create" });
  const untilMs = performance.now() + bySize({ everyday: 6000, ci: 8000, long: 60_000 });
  const agent = otherAgent(database, () => performance.now() > untilMs);
  hotdir.start();
  let serial = 0;
  const failing: number[] = [];
  while (performance.now() < untilMs) {
    const files = Array.from({ length: random.between(1, 20) }, () => {
      const name = `f${++serial}`;
      const archive_name = random.chance(0.3) ? "other" : "data";
      return { local_path: makeFile(world, name, `content ${serial}`), remote_path: `17000/${name}`, archive_name };
    });
    const { ids } = (await producer.ask({ do: "add", files })) as { ids: number[] };
    const wrong = ids[0]!;
    if (files[0]!.archive_name === "data" && random.chance(0.3)) {
      failing.push(wrong);
      await producer.ask({ do: "set", id: wrong, values: { local_md5sum: "0".repeat(32) } });
    }
    await sleep(random.between(1, 100));
    if (!random.chance(0.06)) continue;
    await hotdir.killHard();
    hotdir.start();
  }
  await agent;
  await hotdir.killHard();
  expect(await hotdir.runUntilIdle(), hotdir.log()).toBe(failing.length > 0 ? 3 : 0);
  const rows = await producer.rows();
  expect(rows.length).toBe(serial);
  const ours = rows.filter(({ archive_name }) => archive_name === "data");
  // It may have been delivered before its sum was made wrong; then it failed after that.
  const isWrong = (row: ForeignRow): boolean => row.local_md5sum === "0".repeat(32);
  expect(ours.filter((row) => isVerified(row) === isWrong(row))).toEqual([]);
  expect(ours.filter((row) => row.failed_copy_attempts !== (isWrong(row) ? 3 : 0))).toEqual([]);
  const there = (row: ForeignRow): string => md5(readFileSync(`${world.destination}/${row.remote_path}`));
  expect(ours.filter((row) => !isWrong(row) && there(row) !== row.remote_md5sum)).toEqual([]);
  expect(rows.filter((row) => row.archive_name === "other" && isThere(`${world.destination}/${row.remote_path}`))).toEqual([]);
});
