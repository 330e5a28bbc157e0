import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Background } from "../support/background.ts";
import { isRoot, mountTmpfs } from "../support/mount.ts";
import { isAlive } from "../support/processes.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";

test("a record that was removed is written again, and its absence is not told for ever", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  const { daemon } = background;
  const record = `${world.place.stateDirectory}/supervisor.json`;
  rmSync(record);
  await waitUntil("a record", () => existsSync(record), { timeoutMs: 20_000 });
  expect(background.record().state).toBe("running");
  expect((await background.start()).stdout).toContain("runs already");
  expect(background.daemon).toBe(daemon);
  expect(background.log()).not.toContain("supervisor.json");
});

test("a supervisor whose log cannot be written goes on, and so does its daemon after a crash", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  const { supervisor, daemon } = background;
  rmSync(`${world.place.stateDirectory}/log`, { recursive: true });
  writeFileSync(`${world.place.stateDirectory}/log`, "in the way");
  process.kill(daemon ?? 0, "SIGKILL");
  await waitUntil("another daemon", () => background.daemon !== null && background.daemon !== daemon);
  expect(background.supervisor).toBe(supervisor);
  await waitUntil("all well", async () => (await background.hotdir.ask("sanity")).stdout.startsWith("well: "));
});

test("what was asked for is lost: what is well is left alone, and it is told", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  const { supervisor, daemon } = background;
  writeFileSync(`${world.place.stateDirectory}/wanted.json`, '{"wan');
  const sanity = await background.hotdir.ask("sanity");
  expect(sanity.status).toBe(1);
  expect(sanity.stderr).toContain("wanted.json) is damaged");
  expect([supervisor, daemon].map((pid) => pid !== null && isAlive(pid))).toEqual([true, true]);
  expect((await background.start()).status).toBe(0);
  expect((await background.hotdir.ask("sanity")).stdout).toMatch(/^well: /);
});

test("a stop ends what ran when it was said, and not what a later start made", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  const { supervisor, daemon } = background;
  process.kill(daemon ?? 0, "SIGSTOP");
  const stopping = background.hotdir.ask("stop", "--timeout", "4");
  await waitUntil("the stop", () => background.record().state === "stopping");
  const [stopped, started] = await Promise.all([stopping, background.start()]);
  expect(stopped).toMatchObject({ status: 0, stderr: "" });
  expect(started).toMatchObject({ status: 0, stderr: "" });
  expect([supervisor, daemon].some((pid) => isAlive(pid ?? 0))).toBe(false);
  expect((await background.hotdir.ask("sanity")).stdout).toMatch(/^well: /);
});

test("a state directory that is removed ends both, so that nothing goes on without a ledger, and two never do", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  const both = [background.supervisor ?? 0, background.daemon ?? 0];
  rmSync(world.place.stateDirectory, { recursive: true });
  await waitUntil("both gone", () => both.every((pid) => !isAlive(pid)), { timeoutMs: 30_000 });
  expect(existsSync(`${world.place.stateDirectory}/supervisor.json`)).toBe(false);
  writeFileSync(`${world.source}/a`, "content");
  expect((await background.start()).status).toBe(0);
  await waitUntil("the file", () => existsSync(`${world.destination}/a`));
});

// A file system of one's own needs root; CI has it.
if (isRoot)
  test("a full disk under the state does not keep 'stop' from its work, and 'start' tells what it could not write", async () => {
    await using world = await makeWorld({ destination: "file" });
    await using mount = mountTmpfs(world.place.stateDirectory, "8m");
    await using background = new Background(world.place);
    await background.start();
    const { supervisor } = background;
    expect(mount).toBeDefined();
    const fill = (): void =>
      expect(() => writeFileSync(`${world.place.stateDirectory}/fill`, Buffer.alloc(16 * 1024 * 1024))).toThrow("ENOSPC");
    fill();
    expect(await background.hotdir.ask("stop")).toMatchObject({ status: 0, stderr: "" });
    expect(isAlive(supervisor ?? 0)).toBe(false);
    // What the daemon kept to itself came free at its end.
    fill();
    const started = await background.start();
    expect(started.status).toBe(1);
    expect(started.stderr).toMatch(/wanted\.json: a file of hotdir's own cannot be written .*ENOSPC/);
    rmSync(`${world.place.stateDirectory}/fill`);
    // Nothing is wanted, so that nothing is started behind anybody's back.
    expect((await background.hotdir.ask("sanity")).stdout).toMatch(/^nothing runs here|^stopped/);
    expect((await background.start()).status).toBe(0);
    expect(readFileSync(`${world.place.stateDirectory}/wanted.json`, "utf8")).toContain('"wanted": true');
  });
