import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Endpoint, makeEndpoint } from "../support/endpoint.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { waitUntil } from "../support/waiting.ts";
import { walk } from "../support/walk.ts";

const blake2b = (content: Buffer): string => createHash("blake2b512").update(content).digest("hex");

const filesIn = (directory: string): string[] =>
  [...walk(directory)].flatMap(({ path, kind }) => (kind === "file" ? [`${directory}/${path}`] : []));

/** Whatever the moment: no file is anywhere but whole, in the buffer (under its name or a name of ours) or in the storage. */
function lost(site: Endpoint, written: ReadonlyMap<string, Buffer>): string[] {
  const contents = new Set([site.buffer, site.storage].flatMap(filesIn).map((path) => blake2b(readFileSync(path))));
  return [...written].filter(([, content]) => !contents.has(blake2b(content))).map(([name]) => name);
}

test(
  "kills of the finder and of the ingester at any moment lose no file, double no row, and leave one SUCCESS for each file at the end",
  { timeout: 120_000 },
  async () => {
    const random = new Random(chooseSeed("endpoint-kill"));
    const kills = bySize({ everyday: 6, ci: 12, long: 60 });
    await using site = await makeEndpoint();
    const finder = site.finder();
    const ingester = site.ingester(`for f; do printf '%s\\n' "$f" >> ${site.path}/ingested; done; sleep 0.05`, {
      daemon: true,
      batch_size: 3,
      num_threads: 2,
      pause: 0,
    });
    const written = new Map<string, Buffer>();
    const write = (): void => {
      const name = `f${written.size}.fits`;
      const content = random.fill(random.between(1000, 200_000));
      writeFileSync(`${site.path}/new`, content);
      // Whole at once, as the handoff manager's \`mv\` makes it.
      renameSync(`${site.path}/new`, `${site.buffer}/${name}`);
      written.set(name, content);
    };
    for (let round = 0; round < kills; round++) {
      const children = [site.start("endmgr", "finder", "start", finder), site.start("endmgr", "ingester", "start", ingester)];
      const until = performance.now() + random.between(400, 1300);
      while (performance.now() < until) {
        write();
        await sleep(random.between(0, 60));
      }
      // However busy the machine is: kills before anything was ever done would prove nothing.
      if (round === 0) await waitUntil("a first file ingested", () => existsSync(`${site.path}/ingested`), { explain: site.log });
      for (const child of children) await site.end(child, "SIGKILL");
      expect(lost(site, written), site.log()).toEqual([]);
    }
    const last = site.start("endmgr", "finder", "start", finder);
    await site.until("a row for each file", "SELECT count(*) FROM files", [[written.size]]);
    await waitUntil("the buffer empty", () => filesIn(site.buffer).length === 0, { explain: site.log });
    await site.end(last, "SIGTERM");
    for (const [name, content] of written) {
      expect(blake2b(readFileSync(`${site.storage}/${name}`)), name).toBe(blake2b(content));
      expect(site.sql("SELECT relpath, checksum, size_bytes FROM files WHERE filename = ?", name)).toEqual([
        { relpath: ".", checksum: blake2b(content), size_bytes: content.length },
      ]);
    }
    const once = (status: string) => site.ingester("exit 0", { file_status: status });
    // What nobody knows the end of is a person's to decide: here it is ingested again.
    for (const status of ["UNTRIED", "UNKNOWN"])
      expect(await site.run("endmgr", "ingester", "start", once(status))).toMatchObject({ status: 0 });
    expect(
      site.sql(
        "SELECT f.filename, count(*) AS n FROM files f LEFT JOIN file_events e ON e.files_id = f.id AND e.status = 'SUCCESS' GROUP BY f.id HAVING n <> 1",
      ),
    ).toEqual([]);
  },
);

test(
  "two finders that bring the same names to one storage, beside a writer that locks the database, end with one row a name and nothing lost",
  { timeout: 90_000 },
  async () => {
    const random = new Random(chooseSeed("endpoint-race"));
    await using site = await makeEndpoint();
    const buffers = ["one", "two"].map((name) => `${site.path}/${name}`);
    const written = new Map<string, Buffer>();
    const [same, other, clash] = ["same", "other", "clash"].map((kind) => Array.from({ length: 12 }, (_, at) => `${kind}-${at}`)) as [
      string[],
      string[],
      string[],
    ];
    for (const [at, buffer] of buffers.entries())
      for (const night of [`night${at}`, "night"]) mkdirSync(`${buffer}/${night}`, { recursive: true });
    const children = buffers.map((source, at) => site.start("endmgr", "finder", "start", copyOf(site, site.finder({ source }), `f${at}`)));
    const locks = new DatabaseSync(site.database, { timeout: 10_000 });
    for (const name of [...same, ...other, ...clash]) {
      const content = random.fill(random.between(1000, 50_000));
      for (const [at, buffer] of buffers.entries()) {
        const bytes = same.includes(name) ? content : Buffer.concat([content, Buffer.from(String(at))]);
        // One place in the storage for both: whoever comes second must not overwrite what is there and gone from its source.
        writeFileSync(`${buffer}/${clash.includes(name) ? "night" : `night${at}`}/${name}`, bytes);
        written.set(`${at}/${name}`, bytes);
      }
      // Longer than anybody waits for a lock.
      locks.exec("BEGIN EXCLUSIVE");
      await sleep(random.between(0, 400));
      locks.exec("COMMIT");
      await sleep(random.between(0, 60));
    }
    locks.close();
    const inBuffers = (): string[] =>
      buffers
        .flatMap(filesIn)
        .map((path) => path.slice(path.lastIndexOf("/") + 1))
        .toSorted();
    // Of two with one name and one content both go; of two with different contents the one that came too late stays.
    const losers = [...other, ...clash].toSorted();
    await waitUntil("only losers left", () => JSON.stringify(inBuffers()) === JSON.stringify(losers), {
      timeoutMs: 60_000,
      everyMs: 250,
      explain: () => `${inBuffers().join(" ")}\n${site.log()}`,
    });
    expect(site.sql("SELECT filename FROM files ORDER BY filename").map(({ filename }) => filename)).toEqual(
      [...same, ...losers].toSorted(),
    );
    for (const { relpath, filename, checksum } of site.sql<{ relpath: string; filename: string; checksum: string }>("SELECT * FROM files"))
      expect(blake2b(readFileSync(`${site.storage}/${relpath}/${filename}`)), filename).toBe(checksum);
    const contents = new Set([...buffers, site.storage].flatMap(filesIn).map((path) => blake2b(readFileSync(path))));
    expect([...written].filter(([, content]) => !contents.has(blake2b(content))).map(([name]) => name)).toEqual([]);
    for (const child of children) {
      expect(child.exitCode, site.log()).toBeNull();
      expect(await site.end(child, "SIGTERM")).toBe(0);
    }
  },
);

/** A configuration of its own, with the same content. */
function copyOf(site: Endpoint, file: string, name: string): string {
  copyFileSync(file, `${site.path}/${name}.yaml`);
  return `${site.path}/${name}.yaml`;
}
