import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { localConfiguration, makeHandoffWorld } from "../support/handoff-world.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";

const kills = bySize({ everyday: 4, ci: 8, long: 200 });
const FILES_PER_KILL = 12;

/** A name that two directories share, some that need quoting, and one that needs a second name. */
const nameOf = (at: number): string => `d${at % 3}/${["f", "a b", "q'", "n\n", ";"][at % 5]!}${at}`;

test(
  `${kills} kills of the handoff manager at random moments: what is held is what is proved there, and the database tells it once`,
  { timeout: 60_000 + kills * 6000 },
  async () => {
    const random = new Random(chooseSeed("handoff kill"));
    await using world = await makeHandoffWorld();
    const tool = `${world.directory}/slow-cp`;
    writeFileSync(tool, '#!/bin/sh\nfor f; do d=$f; done\nfor f; do [ "$f" = "$d" ] || { sleep 0.03; cp -p "$f" "$d"; }; done\n');
    chmodSync(tool, 0o755);
    world.configure(localConfiguration(`${tool} {batch} {dest}`, "general: {chunk_size: 4, num_threads: 2}\n"));
    expect((await world.hdfmgr("initdb")).status).toBe(0);
    const written = new Map<string, string>();
    for (let kill = 0; kill < kills; kill++) {
      world.start();
      for (let at = kill * FILES_PER_KILL; at < (kill + 1) * FILES_PER_KILL; at++) {
        const content = random.fill(random.between(0, 50_000));
        mkdirSync(`${world.buffer}/d${at % 3}`, { recursive: true });
        writeFileSync(`${world.directory}/new`, content);
        renameSync(`${world.directory}/new`, `${world.buffer}/${nameOf(at)}`);
        written.set(nameOf(at), createHash("blake2b512").update(content).digest("hex"));
      }
      // The moment is the subject: from the middle of the start to well into the sending.
      await sleep(random.between(300, 2500));
      await world.end("SIGKILL");
    }
    world.start("--until-idle");
    expect(await world.ended(), world.log()).toBe(0);

    const paths = [...written.keys()].toSorted();
    expect(world.files(world.buffer)).toEqual([]);
    expect(world.files(world.holding)).toEqual(paths);
    expect(world.files(world.endpoint.buffer)).toEqual(paths);
    expect(world.files(world.endpoint.staging)).toEqual([]);
    for (const place of [world.holding, world.endpoint.buffer])
      for (const [path, digest] of written)
        expect(
          createHash("blake2b512")
            .update(readFileSync(`${place}/${path}`))
            .digest("hex"),
          path,
        ).toBe(digest);

    const rows = world.rows("SELECT relpath || '/' || filename AS path, checksum, held_on FROM files ORDER BY path");
    expect(rows.map(({ path, checksum }) => [path, checksum])).toEqual(paths.map((path) => [path, written.get(path)]));
    expect(rows.filter(({ held_on }) => held_on === null)).toEqual([]);
    expect(world.rows("SELECT pre_start_time FROM transfer_batches GROUP BY 1 HAVING count(*) > 1")).toEqual([]);
    expect(world.rows("SELECT files_id, batch_id FROM file_transfer_attempts GROUP BY 1, 2 HAVING count(*) > 1")).toEqual([]);
    expect(world.rows("SELECT id FROM transfer_batches WHERE status NOT IN (0, 121, 62)")).toEqual([]);
    // One good attempt at the most: a file whose move a kill hid is found there, and not sent again.
    const good =
      "SELECT files_id FROM file_transfer_attempts JOIN transfer_batches b ON b.id = batch_id WHERE b.status = 0 GROUP BY 1 HAVING count(*) > 1";
    expect(world.rows(good)).toEqual([]);
  },
);
