import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Proxy, startProxy } from "../test/support/proxy.ts";
import { startSshd } from "../test/support/sshd.ts";

/** One real sshd on loopback, straight and behind proxies of any round trip; every tool gets there by `ssh -F FILE alias`. */
export type FarSide = AsyncDisposable & {
  readonly alias: string;
  readonly direct: string;
  /** The ssh configuration for a round trip; the proxy is started at the first call. 0: none. */
  at(rttMs: number): Promise<string>;
  /** A proxy of one's own, for cutting the far side off. */
  cuttable(): Promise<{ sshConfigFile: string; proxy: Proxy }>;
};

export async function startFarSide(cipher: string | null): Promise<FarSide> {
  await using undo = new AsyncDisposableStack();
  const sshd = undo.use(await startSshd({ parent: "/dev/shm" }));
  if (cipher !== null) appendFileSync(sshd.sshConfigFile, `  Ciphers ${cipher}\n`);
  const known = new Map<number, string>([[0, sshd.sshConfigFile]]);
  const held = undo.move();

  async function behind(name: string): Promise<{ sshConfigFile: string; proxy: Proxy }> {
    const proxy = held.use(await startProxy({ port: sshd.port }));
    const sshConfigFile = join(sshd.directory, `ssh_config_${name}`);
    // The host key is known under sshd's own port.
    const detour = `  Port ${proxy.port}\n  HostKeyAlias [127.0.0.1]:${sshd.port}`;
    writeFileSync(sshConfigFile, readFileSync(sshd.sshConfigFile, "utf8").replace(/^ {2}Port \d+$/m, detour));
    return { sshConfigFile, proxy };
  }

  return {
    alias: sshd.hostAlias,
    direct: sshd.sshConfigFile,
    async at(rttMs) {
      const ready = known.get(rttMs);
      if (ready !== undefined) return ready;
      const { sshConfigFile, proxy } = await behind(String(rttMs));
      await proxy.set({ delayMs: rttMs / 2 });
      known.set(rttMs, sshConfigFile);
      return sshConfigFile;
    },
    cuttable: async () => behind("cuttable"),
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}
