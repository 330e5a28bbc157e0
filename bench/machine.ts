import { execFileSync, spawnSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";
import type { FarSide } from "./far-side.ts";

/** What figures mean nothing without. */
export type Machine = {
  date: string;
  cpu: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  node: string;
  openssh: string;
  rsync: string;
  cipher: string;
  /** Others' work on the machine shows here: above about 0.5 before the start, figures wobble. */
  loadBefore: number;
  fileSystems: Record<string, string>;
};

export function describeMachine(farSide: FarSide, places: Record<string, string>): Machine {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}`,
    node: process.version,
    openssh: firstLine(spawnSync("ssh", ["-V"], { encoding: "utf8" }).stderr),
    rsync: firstLine(execFileSync("rsync", ["--version"], { encoding: "utf8" })),
    cipher: negotiatedCipher(farSide),
    loadBefore: loadavg()[0] ?? 0,
    fileSystems: Object.fromEntries(Object.entries(places).map(([name, path]) => [name, fileSystemOf(path)])),
  };
}

/** What both ends agreed on, from ssh's own words. */
function negotiatedCipher(farSide: FarSide): string {
  const { stderr } = spawnSync("ssh", ["-v", "-F", farSide.direct, farSide.alias, "true"], { encoding: "utf8", timeout: 20_000 });
  return /client->server cipher: (\S+)/.exec(stderr)?.[1] ?? "unknown";
}

function fileSystemOf(path: string): string {
  return execFileSync("df", ["--output=fstype", path], { encoding: "utf8" }).trim().split("\n").at(-1) ?? "unknown";
}

function firstLine(text: string): string {
  return text.split("\n")[0]?.trim().replaceAll(/\s+/g, " ") ?? "";
}
