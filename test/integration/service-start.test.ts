import { readFileSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Background } from "../support/background.ts";
import { isAlive } from "../support/processes.ts";
import { spotless } from "../support/oracle.ts";
import { chooseSeed } from "../support/random.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";

test.concurrent("start runs it in the background, again is fine, and stop ends both processes and hands work back", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  expect(await background.start()).toMatchObject({ status: 0, stderr: "" });
  const { supervisor, daemon } = background;
  expect([supervisor, daemon]).not.toContain(null);
  const again = await background.start();
  expect(again).toMatchObject({ status: 0, stderr: "" });
  expect(again.stdout).toContain(`runs already: process ${String(daemon)}`);
  await world.generate({ seed: chooseSeed("start"), operations: 20 }).done;
  await world.arrived();
  expect(await world.verdict()).toEqual(spotless);
  expect(await background.hotdir.ask("stop")).toMatchObject({ status: 0, stderr: "" });
  expect([supervisor, daemon].filter((pid) => pid !== null && isAlive(pid))).toEqual([]);
  expect(await background.hotdir.ask("stop")).toMatchObject({ status: 0, stdout: "hotdir does not run in the background.\n" });
});

test.concurrent("a daemon in the foreground is not joined by a second one, nor ended by stop", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  world.hotdir.start();
  await world.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  const refused = await background.start();
  expect(refused).toMatchObject({ status: 5, stdout: "" });
  expect(refused.stderr).toContain(`process ${world.hotdir.pid}; it runs in the foreground`);
  expect(await background.hotdir.ask("stop")).toMatchObject({ status: 5 });
  expect(isAlive(world.hotdir.pid)).toBe(true);
  const sanity = await background.hotdir.ask("sanity");
  expect(sanity).toMatchObject({ status: 0, stderr: "" });
  expect(sanity.stdout).toMatch(/^well: hotdir runs in the foreground, .*\n$/);
});

test.concurrent("a faulty configuration is told at once, and nothing is started", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  writeFileSync(world.place.configFile, "flows: {a: {sourc: 1}}");
  const refused = await background.start();
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain("sourc");
  expect(background.supervisor).toBe(null);
  expect(await background.hotdir.ask("sanity")).toMatchObject({ status: 0 });
});

test.concurrent("a daemon that cannot come up is told with its last words, and comes up once the cause is gone", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  expect((await background.start()).status).toBe(0);
  expect((await background.hotdir.ask("stop")).status).toBe(0);
  // What a person puts back afterwards.
  const ledger = `${world.place.stateDirectory}/ledger.sqlite`;
  const whole = readFileSync(ledger);
  writeFileSync(ledger, "this is no ledger");
  const refused = await background.start();
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/the daemon did not come up: it ended with exit status 1\n.*ledger/s);
  expect((await background.hotdir.ask("sanity")).status).toBe(1);
  writeFileSync(ledger, whole);
  // Without waiting for the next try.
  expect(await background.start()).toMatchObject({ status: 0, stderr: "" });
});

test.concurrent("restart takes the daemon's place with the same configuration, and refuses a faulty one before anything ends", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  const first = background.daemon;
  const good = readFileSync(world.place.configFile, "utf8");
  writeFileSync(world.place.configFile, "flows: {}");
  expect((await background.hotdir.ask("restart")).status).toBe(2);
  expect(background.daemon).toBe(first);
  writeFileSync(world.place.configFile, good);
  expect(await background.hotdir.ask("restart")).toMatchObject({ status: 0, stderr: "" });
  expect(background.daemon).not.toBe(first);
  expect(first === null || isAlive(first)).toBe(false);
});

test.concurrent("single flows are stopped, started and restarted in the running daemon, and sanity leaves a stopped one alone", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  expect((await background.hotdir.ask("restart", "world")).status).toBe(2);
  await background.start();
  const { daemon } = background;
  expect(await background.hotdir.ask("stop", "world")).toMatchObject({ status: 0, stdout: "world is stopped.\n" });
  expect((await background.hotdir.ask("sanity", "world")).status).toBe(0);
  expect((await background.hotdir.status()).flows[0]?.state).toBe("stopped");
  expect(await background.hotdir.ask("start", "world")).toMatchObject({ status: 0, stdout: "world is started.\n" });
  expect((await background.hotdir.status()).flows[0]?.state).toBe("running");
  expect((await background.hotdir.ask("restart", "world", "nothing")).status).toBe(1);
  expect(background.daemon).toBe(daemon);
});

test.concurrent("what start writes down holds no secret of its environment, and nobody else may read it", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  world.place.env = { MY_TOKEN: "do-not-keep-me", HOTDIR_SSH: "ssh -F x" };
  await background.start();
  const file = `${world.place.stateDirectory}/wanted.json`;
  expect(readFileSync(file, "utf8")).toContain("ssh -F x");
  expect(readFileSync(file, "utf8")).not.toContain("do-not-keep-me");
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test.concurrent("SIGHUP to the supervisor makes the daemon read its configuration again", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  const { daemon, supervisor } = background;
  const written = JSON.parse(readFileSync(world.place.configFile, "utf8")) as { flows: { [name: string]: object } };
  const { world: flow } = written.flows;
  writeFileSync(world.place.configFile, JSON.stringify({ flows: { world: flow, second: { ...flow, source: { posts: true } } } }));
  process.kill(supervisor ?? 0, "SIGHUP");
  await waitUntil("the second flow", async () =>
    (await background.hotdir.status()).flows.find(({ name, state }) => name === "second" && state === "running"),
  );
  expect(background.daemon).toBe(daemon);
});
