import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Background } from "../support/background.ts";
import { spotless } from "../support/oracle.ts";
import { childrenOf } from "../support/processes.ts";
import { chooseSeed } from "../support/random.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";

test(
  "after a power cut, and a boot while the network is down, all is delivered once it returns, with nothing touched",
  { timeout: 240_000 },
  async () => {
    await using world = await makeWorld({ proxied: true, flow: { destination: { segment_above: "1M" } } });
    await using background = new Background(world.place);
    expect((await background.start()).status).toBe(0);
    const seed = chooseSeed("reboot");
    await using small = world.generate({ seed, operations: 150, sizesBytes: [0, 60_000] });
    await using large = world.generate({ seed: seed + 1, operations: 2, sizesBytes: [15_000_000, 20_000_000], ways: ["write"] });
    await Promise.all([small.done, large.done]);
    await world.proxy.set({ bandwidthBytesPerS: 2_000_000 });
    await waitUntil("bytes under way", async () => (await world.proxy.counts()).toServerBytes > 1_500_000, {
      explain: () => background.log(),
    });

    // The cut: all of it at one moment, in the middle of transfers, and the network with it.
    const lanes = childrenOf(background.daemon ?? 0, "ssh");
    await world.proxy.set({ connections: "refuse", bytes: "stall" });
    await background.cutPower();
    for (const pid of lanes) killIfThere(pid);
    await world.proxy.reset();
    // What the boot before left: its numbers are others' now.
    for (const lock of ["supervisor.lock", "owner.lock"]) {
      const file = `${world.place.stateDirectory}/${lock}`;
      writeFileSync(file, readFileSync(file, "utf8").replace(/^\d+ \d+ \S+/, `${process.pid} 1 11111111-2222-3333-4444-555555555555`));
    }
    // More comes while it is down.
    await using later = world.generate({ seed: seed + 2, operations: 30, sizesBytes: [0, 10_000] });
    await later.done;

    // As cron's @reboot, or its next minute, says it.
    const booted = await background.hotdir.ask("sanity");
    expect(booted).toMatchObject({ status: 0, stderr: "" });
    expect(booted.stdout).toContain("started hotdir, which did not run although it was wanted");
    await background.hotdir.waitFor("it waits for the network", ({ flows }) => flows[0]?.state === "waiting");
    expect(await background.hotdir.dead()).toEqual([]);
    expect((await background.hotdir.ask("sanity")).stdout).toMatch(/^well: .*world waiting/);

    const { daemon } = background;
    await world.proxy.set({});
    const startMs = performance.now();
    await world.arrived(120_000);
    console.log(`all delivered ${((performance.now() - startMs) / 1000).toFixed(1)} s after the network came back`);
    expect(await world.verdict()).toEqual(spotless);
    expect(await background.hotdir.dead()).toEqual([]);
    expect(background.daemon).toBe(daemon);
  },
);

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended with its daemon, which is as good.
  }
}
