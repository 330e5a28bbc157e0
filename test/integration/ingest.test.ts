import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { waitUntil } from "../support/waiting.ts";
import { toBuffer } from "../support/walk.ts";
import { makeWorld, type World } from "../support/world.ts";
import { configure, flowFact, isThere, writeFiles } from "./engine-world.ts";

/** A world whose deliveries are handed to a script. */
async function ingestingWorld(script: string, ingest: object = {}): Promise<World & { log: string; ingested: () => string[] }> {
  const world = await makeWorld({ destination: "file" });
  const program = `${world.directory}/ingest.sh`;
  const log = `${world.directory}/ingested`;
  mkdirSync(`${world.directory}/catalog`);
  writeFileSync(log, "");
  writeFileSync(program, script.replaceAll("$LOG", log).replaceAll("${CATALOG:-/data/catalog}", `${world.directory}/catalog`));
  chmodSync(program, 0o755);
  configure(world, (flow) => ({ world: { ...flow, finish: { ingest: { command: [program], ...ingest } } } }));
  return Object.assign(world, {
    log,
    ingested: () =>
      readFileSync(log, "latin1")
        .split("\0")
        .filter((name) => name !== ""),
  });
}

const names = [
  "plain.fits",
  "a b'c\".fits",
  "new\nline.fits",
  "no utf\u00ff8.fits",
  "$(touch owned);.fits",
  "-dash.fits",
  "deep/er/x.fits",
];

test("the guide's script ingests each delivered file, whatever its name, and says which ones failed", async () => {
  const script = /```sh\n(#!\/bin\/sh[^]*?)```/.exec(readFileSync(new URL("../../docs/guide/18-ingest.md", import.meta.url), "utf8"))![1]!;
  await using world = await ingestingWorld(script, { batch: 4, workers: 2 });
  writeFiles(world.source, Object.fromEntries(names.map((name) => [name, `SIMPLE  = T ${name}`])));
  writeFiles(world.source, { "bad one.fits": "no such thing" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(3);
  expect(world.hotdir.log()).toContain("world: 1 delivered file was not ingested; 'hotdir retry -f world --all' tries again");
  const base = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
  const catalog = (): string[] => readdirSync(`${world.directory}/catalog`, { encoding: "latin1" }).toSorted();
  expect(catalog()).toEqual(names.map(base).toSorted());
  expect(await flowFact(world, "ingest")).toMatchObject({ SUCCESS: names.length, FAILURE: 1, UNTRIED: 0, PENDING: 0 });
  expect((await world.hotdir.ask("status")).stdout).toMatch(/7 ingested[^]*1 failed: 'hotdir explain PATH'/);
  expect((await world.hotdir.ask("explain", "bad one.fits")).stdout).toMatch(
    /FAILURE: no FITS file, or no room[^]*Next: it is delivered, and was not ingested: no FITS file.*hotdir retry -f world 'bad one.fits'/,
  );

  // The cause is gone (at the destination: that is what the command works on).
  writeFileSync(`${world.destination}/bad one.fits`, "SIMPLE again");
  expect((await world.hotdir.ask("retry", "bad one.fits")).stdout).toBe("To be ingested again: 1 file; when hotdir runs.\n");
  expect(await world.hotdir.runUntilIdle()).toBe(0);
  expect(catalog()).toEqual([...names.map(base), "bad one.fits"].toSorted());
  expect((await world.hotdir.ask("explain", "bad one.fits")).stdout).toMatch(/FAILURE[^]*SUCCESS[^]*Next: nothing: it is delivered/);
  expect(isThere(`${world.destination}/owned`) || isThere("owned")).toBe(false);
});

test("a file that the command says nothing of goes by the exit status, and standard input holds every name as its bytes", async () => {
  await using world = await ingestingWorld('#!/bin/sh\ncat >> $LOG\ncase "$*" in *bad*) echo "no licence" >&2; exit 3;; esac\n', {
    batch: 1,
  });
  writeFiles(world.source, Object.fromEntries([...names, "bad"].map((name) => [name, name])));
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(3);
  expect(world.ingested().toSorted()).toEqual([...names, "bad"].map((name) => `${world.destination}/${name}`).toSorted());
  expect(await flowFact(world, "ingest")).toMatchObject({ SUCCESS: names.length, FAILURE: 1 });
  expect((await world.hotdir.ask("explain", "bad")).stdout).toContain("FAILURE: exit 3: no licence");
});

test("what was with the command at a kill -9 is UNKNOWN, waits for a person, and is ingested then; the rest goes on by itself", async () => {
  const script = '#!/bin/sh\nfor file; do printf "%s\\0" "$file" >> $LOG; done\nwhile [ ! -e $LOG.go ]; do sleep 0.05; done\n';
  await using world = await ingestingWorld(script, { batch: 2, workers: 1 });
  writeFiles(world.source, { "a.fits": "a", "b.fits": "b", "c.fits": "c" });
  world.hotdir.start();
  await waitUntil("two files with the command", () => world.ingested().length === 2, { explain: () => world.hotdir.log() });
  await world.hotdir.waitFor("all delivered", ({ flows }) => flows[0]?.counts.delivered === 3);
  await world.hotdir.killHard();
  writeFileSync(`${world.log}.go`, "");
  expect(await world.hotdir.runUntilIdle()).toBe(3);
  expect(await flowFact(world, "ingest")).toMatchObject({ SUCCESS: 1, UNKNOWN: 2, PENDING: 0 });
  expect((await world.hotdir.ask("status")).stdout).toContain("2 interrupted");
  expect((await world.hotdir.ask("retry", "--all")).stdout).toContain("To be ingested again: 2 files");
  expect(await world.hotdir.runUntilIdle()).toBe(0);
  expect(await flowFact(world, "ingest")).toMatchObject({ SUCCESS: 3, UNKNOWN: 0, RERUN: 0 });
  expect(world.ingested()).toHaveLength(5);
});

test("a command that cannot be started makes the flow wait and say so, and is no file's failure", async () => {
  await using world = await ingestingWorld("#!/no/such/interpreter\n");
  writeFiles(world.source, { "a.fits": "a" });
  world.hotdir.start();
  await world.hotdir.waitFor("the trouble", ({ flows }) => flows[0]?.state === "waiting" && flows[0].counts.delivered === 1);
  expect((await world.hotdir.ask("status")).stdout).toMatch(/waiting: the ingest command \S*ingest.sh cannot be started: .*ENOENT/);
  expect(await flowFact(world, "ingest")).toMatchObject({ UNTRIED: 1, FAILURE: 0 });
  writeFileSync(`${world.directory}/ingest.sh`, "#!/bin/sh\nexit 0\n");
  await waitUntil("it ingested", async () => ((await flowFact(world, "ingest")) as { SUCCESS: number }).SUCCESS === 1, {
    timeoutMs: 20_000,
  });
  await world.hotdir.waitFor("no trouble", ({ flows }) => flows[0]?.state === "running");
});

test("a silent command is ended with all that it started, and a stop of hotdir ends one that would go on for ever", async () => {
  const script = "#!/bin/sh\nsleep 300 & echo $! >> $LOG\nwait\n";
  await using world = await ingestingWorld(script, { timeout: "1s" });
  writeFiles(world.source, { "a.fits": "a" });
  expect(await world.hotdir.runUntilIdle()).toBe(3);
  expect((await world.hotdir.ask("explain", "a.fits")).stdout).toContain("FAILURE: it said nothing for 1 s, so it was ended");
  const sleeper = Number(readFileSync(world.log, "utf8"));
  await waitUntil("its child gone", () => !isThere(`/proc/${sleeper}`));

  await using patient = await ingestingWorld(script, { timeout: "1h", interrupted: "again" });
  writeFiles(patient.source, { "a.fits": "a" });
  patient.hotdir.start();
  await waitUntil("the command", () => readFileSync(patient.log, "utf8") !== "");
  expect(await patient.hotdir.stop()).toBe(0);
  expect(await flowFact(patient, "ingest")).toMatchObject({ UNKNOWN: 1 });
  writeFileSync(`${patient.directory}/ingest.sh`, "#!/bin/sh\nexit 0\n");
  expect(await patient.hotdir.runUntilIdle()).toBe(0);
  expect(await flowFact(patient, "ingest")).toMatchObject({ SUCCESS: 1, UNKNOWN: 0 });
  await waitUntil("its child gone", () => !isThere(`/proc/${Number(readFileSync(patient.log, "utf8"))}`));
});

test("of a file that changes while it waits only the newest version is ingested, and one that is found unchanged is not again", async () => {
  await using world = await ingestingWorld("#!/bin/sh\ncat >> $LOG\n");
  writeFiles(world.source, { "a.fits": "one", "b.fits": "b" });
  expect(await world.hotdir.runUntilIdle()).toBe(0);
  expect(world.ingested()).toHaveLength(2);
  writeFiles(world.source, { "a.fits": "other" });
  expect(await world.hotdir.runUntilIdle()).toBe(0);
  expect(await world.hotdir.runUntilIdle()).toBe(0);
  expect(
    world
      .ingested()
      .map((path) => path.slice(-6))
      .toSorted(),
  ).toEqual(["a.fits", "a.fits", "b.fits"]);
  expect(readFileSync(toBuffer(`${world.destination}/a.fits`), "utf8")).toBe("other");
});

test("check tells of a command that is not there, and of a catalog that is none, before anything is delivered", async () => {
  await using world = await ingestingWorld("#!/bin/sh\n");
  expect((await world.hotdir.ask("check")).stdout).toMatch(/ok {4}the ingest command \S*ingest.sh is there/);
  chmodSync(`${world.directory}/ingest.sh`, 0o644);
  const written = JSON.parse(readFileSync(world.place.configFile, "utf8")) as { flows: { world: { source: object; finish: object } } };
  written.flows.world.source = { ...written.flows.world.source, propagate: ["put"] };
  written.flows.world.finish = { ...written.flows.world.finish, catalog: { database: `${world.directory}/none.db`, table: "files" } };
  writeFileSync(world.place.configFile, JSON.stringify(written, null, 2));
  const checked = await world.hotdir.ask("check");
  expect(checked.status).toBe(1);
  expect(checked.stdout).toMatch(
    /BAD {3}the ingest command \S*ingest.sh is not there, or may not be run[^]*hotdir.yaml:\d+: write 'command: /,
  );
  expect(checked.stdout).toMatch(/BAD {3}ask the catalog \S*none.db: the catalog cannot be used \(there is no such file\)/);
});
