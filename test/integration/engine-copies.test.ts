import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseRsyncRate } from "../../src/config/units.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { makeWorld, type World } from "../support/world.ts";
import { configure, expectSameTrees, rawReceipts, writeFiles } from "./engine-world.ts";

/** Permission bits of everything below a directory, by find(1): `d 2775 a`. */
function modesBelow(directory: string): string[] {
  const printed = execFileSync("find", [directory, "-mindepth", "1", "!", "-name", "*.tmp", "-printf", "%y %m %P\\n"], {
    encoding: "utf8",
  });
  return printed
    .split("\n")
    .filter((line) => line !== "")
    .toSorted();
}

/** Files of every way of sending, and directories, with modes that differ. */
function fill(world: World): void {
  const random = new Random(chooseSeed("chmod of copies"));
  writeFiles(world.source, {
    "d/e/small": "small",
    program: "#!/bin/sh\n",
    "secret 'file": "secret",
    medium: random.fill(1_200_000),
    large: random.fill(9_000_000),
  });
  for (const [name, mode] of Object.entries({ "d/e/small": 0o640, program: 0o700, "secret 'file": 0o200, medium: 0o755, large: 0o400 }))
    chmodSync(`${world.source}/${name}`, mode);
  mkdirSync(`${world.source}/empty`, { mode: 0o700 });
  chmodSync(`${world.source}/d`, 0o711);
}

const ways = [
  { title: "over ssh with a shell", options: {} },
  { title: "over ssh without a shell", options: { sshdConfig: ["ForceCommand internal-sftp -u 0077"] } },
  { title: "to a local directory", options: { destination: "file" as const } },
];

for (const { title, options } of ways) {
  test.concurrent(`chmod, ${title}: files of every size and directories have the modes that rsync --chmod gives them`, async () => {
    const chmod = "Du=rwx,Dg+s,ug+rwX,o+rX,Fo-x";
    await using world = await makeWorld({ ...options, flow: { destination: { chmod, segment_above: "2M" } } });
    fill(world);
    expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
    execFileSync("rsync", ["-a", `--chmod=${chmod}`, `${world.source}/`, `${world.directory}/by-rsync`]);
    const modes = modesBelow(world.destination);
    expect(modes).toEqual(modesBelow(`${world.directory}/by-rsync`));
    expect(modes).toContain("d 2775 empty");
    expect(modes).toContain("f 664 secret 'file");
    execFileSync("diff", ["-r", world.source, world.destination]);
  });
}

test.concurrent("without preserve: mode the changes are of 0644 and 0755, and parents of the destination that are made have them", async () => {
  await using world = await makeWorld();
  configure(world, (flow) => ({
    world: {
      ...flow,
      destination: { ...flow.destination, url: `${String(flow.destination["url"])}/new/root`, preserve: ["mtime"], chmod: "g+w,o=" },
    },
  }));
  fill(world);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  const modes = modesBelow(world.destination);
  expect([...new Set(modes.map((line) => line.slice(0, 5)))]).toEqual(["d 770", "f 660"]);
  expect(modes).toContain("d 770 new");
  expect(modes).toContain("d 770 new/root/d/e");
});

test.concurrent("a directory that hands down its group goes on to do so", async () => {
  await using world = await makeWorld({ flow: { destination: { chmod: "g+w" } } });
  chmodSync(world.destination, 0o2775);
  writeFiles(world.source, { "d/e/file": "x" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(modesBelow(world.destination)).toEqual(["d 2775 d", "d 2775 d/e", "f 664 d/e/file"]);
});

test.concurrent("what a command of the user brings, and what is found there, get the changes too", async () => {
  await using world = await makeWorld();
  configure(world, (flow) => {
    const command = ["scp", "-F", world.sshd?.sshConfigFile, "-B", "%s", "%d"];
    return { world: { ...flow, destination: { ...flow.destination, chmod: "u=rw,go=r", accelerate: { above: "100K", command } } } };
  });
  const old = new Date("2001-02-03T04:05:06Z");
  writeFiles(world.source, { accelerated: new Random(chooseSeed("accelerated chmod")).fill(150_000), found: "found" });
  writeFileSync(`${world.destination}/found`, "found");
  for (const path of [`${world.source}/found`, `${world.destination}/found`]) utimesSync(path, old, old);
  for (const path of [`${world.source}/found`, `${world.source}/accelerated`, `${world.destination}/found`]) chmodSync(path, 0o711);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(modesBelow(world.destination)).toEqual(["f 644 accelerated", "f 644 found"]);
  expect((await rawReceipts(world)).map(({ path, method }) => `${String(path)} ${String(method)}`).toSorted()).toContain(
    "accelerated accelerated",
  );
});

test.concurrent("a mode that changes later is changed by the same rules", async () => {
  await using world = await makeWorld({ flow: { destination: { chmod: "g+rX" } } });
  writeFiles(world.source, { program: "#!/bin/sh\n" });
  chmodSync(`${world.source}/program`, 0o600);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(statSync(`${world.destination}/program`).mode & 0o777).toBe(0o640);
  chmodSync(`${world.source}/program`, 0o700);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(statSync(`${world.destination}/program`).mode & 0o777).toBe(0o750);
});

test.concurrent("compress: the connections of a flow are compressed, with an ssh command of the user's own; without it they are not", async () => {
  for (const compress of [true, false]) {
    await using world = await makeWorld({ sshArguments: ["-E", "ssh.log", "-v"], flow: { destination: { compress } } });
    const log = `${world.directory}/ssh.log`;
    configure(world, (flow) => {
      const ssh = (flow.destination["ssh"] as string[]).map((word) => (word === "ssh.log" ? log : word));
      return { world: { ...flow, destination: { ...flow.destination, ssh } } };
    });
    writeFiles(world.source, { a: "a", large: Buffer.alloc(3_000_000, "compressible ") });
    expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
    await expectSameTrees(world);
    const negotiated = execFileSync("grep", ["compression: ", log], { encoding: "utf8" });
    const kinds = new Set([...negotiated.matchAll(/compression: (\S+)/g)].map(([, kind]) => kind));
    expect([...kinds]).toEqual([compress ? "zlib@openssh.com" : "none"]);
    // What went over the wire, by ssh's own count: every lane's and shell's.
    const lines = execFileSync("grep", ["Transferred: sent", log], { encoding: "utf8" });
    const sentBytes = [...lines.matchAll(/sent (\d+)/g)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
    expect(sentBytes > 3_000_000 ? "all" : sentBytes < 300_000 ? "a part" : sentBytes).toBe(compress ? "a part" : "all");
  }
});

test.concurrent("rates are read as the rsync of this machine reads them", async () => {
  await using world = await makeWorld({ destination: "file" });
  // What rsync starts on the far side is told of the rate, in KiB.
  const shell = `${world.directory}/rsh`;
  writeFileSync(shell, '#!/bin/sh\necho "$@" >&2\nexit 1\n');
  chmodSync(shell, 0o755);
  const told = (rate: string): number => {
    const script = `rsync --bwlimit='${rate}' -e '${shell}' /dev/null far:/x 2>&1 | grep -o 'bwlimit=[0-9]*' || echo bwlimit=0`;
    return Number(execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("=")[1]);
  };
  const ours = (rate: string): number => {
    const parsed = parseRsyncRate(rate);
    return parsed.ok ? (parsed.value ?? 0) / 1024 : Number.NaN;
  };
  const rates = ["5000", "1.5m", "20MB", "0", "0.5", "512b", "1kb", "2g", "1Mib", "1.5", ".5", "1m+1", "1535b", "10K-1"];
  expect(rates.map((rate) => `${rate}: ${ours(rate)}`)).toEqual(rates.map((rate) => `${rate}: ${told(rate)}`));
});
