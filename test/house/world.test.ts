import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { loadConfiguration } from "../../src/config/load.ts";
import { makeWorld } from "../support/world.ts";

const run = promisify(execFile);

test("a world's configuration is valid, and its ssh reaches sshd through the proxy", { timeout: 30_000 }, async () => {
  await using world = await makeWorld({
    proxied: true,
    flow: { destination: { segment_above: "2M", keep_free: "0%" }, retry: { attempts: 2 }, retain: { delete_after: "0s" } },
  });
  const loaded = loadConfiguration(world.place.configFile, { env: {}, homeDirectory: world.place.home, defaultSsh: ["ssh"] });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const place = loaded.configuration.flows[0]?.destination.place;
  if (place?.kind !== "sftp") throw new Error("not an sftp destination");
  expect(place.directory).toBe(world.destination);
  const [ssh = "", ...argv] = place.ssh;
  const { stdout } = await run(ssh, [...argv, place.host, "echo reached"], { timeout: 20_000 });
  expect(stdout).toBe("reached\n");
  expect(await world.proxy.counts()).toMatchObject({ accepted: 1 });
});

test("a world goes without a trace", { timeout: 30_000 }, async () => {
  const world = await makeWorld({ destination: "file" });
  await world[Symbol.asyncDispose]();
  await expect(run("ls", [world.directory])).rejects.toThrow(/No such file/);
});
