import { mkdirSync, writeFileSync } from "node:fs";
import { type DaemonPlace, Hotdir } from "./daemon.ts";
import { type Generator, startGenerator } from "./generator.ts";
import { type LyingSftp, makeLyingSftp } from "./lying-sftp.ts";
import type { GeneratorOrder, ManifestLine } from "./manifest.ts";
import { type Mount, mountTmpfs } from "./mount.ts";
import { countMissing, judge, type Verdict } from "./oracle.ts";
import { type Proxy, startProxy } from "./proxy.ts";
import { type Reader, startReader } from "./reader.ts";
import { startSshd, type TestSshd } from "./sshd.ts";
import { makeTemporary } from "./temporary.ts";
import { readTree } from "./tree.ts";
import { waitUntil } from "./waiting.ts";

export type WorldOptions = {
  destination?: "sftp" | "file";
  /** The way to sshd leads through a proxy. */
  proxied?: boolean;
  /** The far side is the lying sftp-server, honest until told. `"without-shell"`: and there is no way to ask a tool of that machine. */
  lying?: "with-shell" | "without-shell";
  /** Lines added to sshd_config. */
  sshdConfig?: string[];
  /** More arguments of ssh. */
  sshArguments?: string[];
  /** Laid over the flow's sections of the configuration. */
  flow?: { source?: object; destination?: object; retry?: object; retain?: unknown; history?: string };
  on?: "memory" | "disk";
  /** The daemon may read only what permissions allow, also where the tests run as root. */
  withoutOverride?: boolean;
  /** Each a tmpfs of this size; needs root. */
  mounts?: { source?: string; destination?: string };
};

export type World = AsyncDisposable & {
  readonly directory: string;
  readonly source: string;
  readonly destination: string;
  readonly hotdir: Hotdir;
  readonly reader: Reader;
  readonly sshd: TestSshd | null;
  readonly proxy: Proxy;
  readonly liar: LyingSftp;
  readonly place: DaemonPlace;
  readonly mounts: { source: Mount | null; destination: Mount | null };
  /** Starts a generator that writes to the source; its manifest counts in the verdict. */
  generate(order: Pick<GeneratorOrder, "seed"> & Partial<GeneratorOrder>): Generator;
  /** Adds to the manifest what a test did with its own hands. */
  note(...lines: ManifestLine[]): void;
  /** Waits until the destination holds what the manifest says, the flow says that nothing is left, and no inflight file is. */
  arrived(timeoutMs?: number): Promise<void>;
  /** The oracle's word, once the daemon has nothing left to do. */
  verdict(options?: { retain?: "keep" | "remove" }): Promise<Verdict>;
};

/** Names that are not final: the configured suffix. */
export const inflightPattern = "\\.tmp$";

/** One source, one destination, and all that stands between them. The reader watches from the start. */
export async function makeWorld(options: WorldOptions = {}): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const temporary = undo.use(await makeTemporary(options.on === undefined ? {} : { on: options.on }));
  const directory = temporary.path;
  const [source, destination] = [`${directory}/source`, `${directory}/destination`];
  const [state, home] = [`${directory}/state`, `${directory}/home`];
  for (const path of [source, destination, state, home]) mkdirSync(path);
  const mounts = {
    source: mount(source, options.mounts?.source, undo),
    destination: mount(destination, options.mounts?.destination, undo),
  };
  const liar = makeLyingSftp(`${directory}/lies.json`);
  const sshd = options.destination === "file" ? null : undo.use(await startFarSide(liar, options));
  const proxy = options.proxied === true && sshd !== null ? undo.use(await startProxy({ port: sshd.port })) : null;
  const place: DaemonPlace = {
    configFile: `${directory}/hotdir.yaml`,
    stateDirectory: state,
    home,
    logFile: `${directory}/daemon.log`,
    withoutOverride: options.withoutOverride === true,
  };
  // JSON is YAML, and quotes whatever a path holds.
  writeFileSync(place.configFile, JSON.stringify(configuration(source, destination, options, sshd, proxy), null, 2));
  const hotdir = new Hotdir(place);
  undo.defer(async () => hotdir.killHard());
  const reader = undo.use(await startReader({ directory: destination, log: `${directory}/reader.log`, inflight: inflightPattern }));
  const generators: Generator[] = [];
  const noted: ManifestLine[] = [];
  const held = undo.move();

  const manifest = (): ManifestLine[] => [...generators.flatMap((generator) => generator.manifest()), ...noted];

  return {
    directory,
    source,
    destination,
    hotdir,
    reader,
    sshd,
    liar,
    place,
    mounts,
    get proxy() {
      if (proxy === null) throw new Error("this world has no proxy");
      return proxy;
    },
    generate(order) {
      const serial = generators.length;
      const generator = startGenerator({ directory: source, manifest: `${directory}/manifest-${serial}`, prefix: `g${serial}-`, ...order });
      held.use(generator);
      generators.push(generator);
      return generator;
    },
    note: (...lines) => void noted.push(...lines),
    async arrived(timeoutMs = 60_000) {
      const startMs = performance.now();
      // Trees are hashed whole: not while the flow itself says that something is still to come.
      const isWhole = async (): Promise<boolean> => !(await hotdir.isBusy()) && countMissing(manifest(), await readTree(destination)) === 0;
      await waitUntil("every file at the destination", isWhole, {
        timeoutMs,
        everyMs: 250,
        explain: () => hotdir.log(),
      });
      await hotdir.waitIdle(1, Math.max(5_000, timeoutMs - (performance.now() - startMs)));
      // Broken connections leave inflight files, which a running daemon looks for every few seconds.
      const inflight = new RegExp(inflightPattern, "s");
      await waitUntil(
        "no inflight file at the destination",
        async () => ![...(await readTree(destination)).keys()].some((path) => inflight.test(path)),
        {
          timeoutMs: 30_000,
          everyMs: 500,
          explain: () => hotdir.log(),
        },
      );
    },
    async verdict({ retain = "keep" } = {}) {
      const [status, claims, dead] = [await hotdir.status(), await hotdir.receipts(), await hotdir.dead()];
      return judge({
        manifest: manifest(),
        seen: await reader.seen(),
        source: await readTree(source),
        destination: await readTree(destination),
        claims,
        dead,
        flows: status.flows,
        inflight: new RegExp(inflightPattern, "s"),
        retain,
      });
    },
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}

function mount(directory: string, size: string | undefined, undo: AsyncDisposableStack): Mount | null {
  return size === undefined ? null : undo.use(mountTmpfs(directory, size));
}

async function startFarSide(liar: LyingSftp, options: WorldOptions): Promise<TestSshd> {
  if (options.lying === undefined) return startSshd({ extraConfig: options.sshdConfig ?? [] });
  // A forced command is run whatever is asked for: whoever asks for a shell gets an sftp-server.
  return startSshd({ subsystem: liar.subsystem, extraConfig: options.lying === "without-shell" ? [`ForceCommand ${liar.subsystem}`] : [] });
}

function configuration(source: string, destination: string, options: WorldOptions, sshd: TestSshd | null, proxy: Proxy | null): object {
  const { flow } = options;
  return {
    // Those that look at the page ask for it.
    page: "off",
    flows: {
      world: {
        source: { directory: source, reject: ["\\.tmp$"], settle: "close", rescan: "2s", ...flow?.source },
        destination: { ...farSide(destination, options, sshd, proxy), lanes: 3, inflight: ".tmp", ...flow?.destination },
        retry: { attempts: 10, backoff: "50ms..500ms", ...flow?.retry },
        retain: flow?.retain ?? "keep",
        ...(flow?.history === undefined ? {} : { history: flow.history }),
      },
    },
  };
}

function farSide(destination: string, options: WorldOptions, sshd: TestSshd | null, proxy: Proxy | null): object {
  if (sshd === null) return { url: `file:${destination}` };
  // The key stands in known_hosts under sshd's own port; ssh looks it up under that name on any other.
  const detour = proxy === null ? [] : ["-o", `Port=${proxy.port}`, "-o", `HostKeyAlias=[127.0.0.1]:${sshd.port}`];
  return {
    url: `sftp://${sshd.hostAlias}${destination}`,
    ssh: ["ssh", "-F", sshd.sshConfigFile, ...detour, ...(options.sshArguments ?? [])],
  };
}
