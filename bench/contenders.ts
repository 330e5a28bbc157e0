import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { prepareHotdir, readDelivered, type Verify } from "./hotdir.ts";

/** One run: `source`/`entry` to `destination`/`entry`, which exists and is empty. */
export type Job = {
  source: string;
  entry: string;
  isFile: boolean;
  destination: string;
  host: string;
  sshConfigFile: string;
  /** Empty, on the same file system. */
  work: string;
  /** Nothing that is measured takes so long unless it hangs. */
  timeoutMs: number;
  signal: AbortSignal;
};

/** `wallMs`: the whole process or processes. `deliveringMs`: from first sighting to last delivery, where the tool keeps a record. */
export type Sample = { wallMs: number; deliveringMs: number | null; methods: Record<string, number> | null };

export type Contender = {
  name: string;
  /** The command, as a person would type it. */
  command: string;
  needsNetwork: boolean;
  /** Takes round trips for each file, one file after the other: over a long distance it gets the sample only. */
  oneByOne: boolean;
  run(job: Job): Promise<Sample>;
};

type Command = { argv: string[]; input?: string };

export function contenders(lanes: number): Contender[] {
  return [
    program("cp -a", { needsNetwork: false }, (job) => [{ argv: ["cp", "-a", join(job.source, job.entry), `${job.destination}/`] }]),
    program("rsync -a", {}, (job) => [rsync(job, "-a")]),
    program("rsync -a; rsync -ac", {}, (job) => [rsync(job, "-a"), rsync(job, "-ac")]),
    program("scp", { oneByOne: true }, (job) => [
      { argv: ["scp", "-q", "-p", "-r", "-F", job.sshConfigFile, join(job.source, job.entry), `${job.host}:${job.destination}/`] },
    ]),
    program("sftp put", { oneByOne: true }, (job) => [
      {
        argv: ["sftp", "-q", "-F", job.sshConfigFile, "-b", "-", job.host],
        input: `put ${job.isFile ? "-p" : "-pr"} ${join(job.source, job.entry)} ${job.destination}/\n`,
      },
    ]),
    hotdirContender("none", lanes),
    hotdirContender("sha256", lanes),
  ];
}

function rsync(job: Job, flags: string): Command {
  const argv = ["rsync", flags, "-e", `ssh -F ${job.sshConfigFile}`, join(job.source, job.entry), `${job.host}:${job.destination}/`];
  return { argv };
}

function program(name: string, facts: { needsNetwork?: boolean; oneByOne?: boolean }, commands: (job: Job) => Command[]): Contender {
  return {
    name,
    command: commands(placeholders).map(asTyped).join("; "),
    needsNetwork: facts.needsNetwork ?? true,
    oneByOne: facts.oneByOne ?? false,
    async run(job) {
      const startMs = performance.now();
      for (const command of commands(job)) await runCommand(command, job);
      return { wallMs: performance.now() - startMs, deliveringMs: null, methods: null };
    },
  };
}

async function runCommand({ argv: [file = "", ...args], input }: Command, job: Job): Promise<void> {
  const errors = join(job.work, "errors");
  const log = openSync(errors, "w");
  const child = spawn(file, args, { stdio: ["pipe", "ignore", log], signal: job.signal, timeout: job.timeoutMs, killSignal: "SIGKILL" });
  closeSync(log);
  // A program that ends early says why by its status.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
  const [status, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  if (status !== 0) throw new Error(`${file} ended with ${String(status ?? signal)}: ${readFileSync(errors, "utf8").slice(-500).trim()}`);
}

function hotdirContender(verify: Verify, lanes: number): Contender {
  return {
    name: `hotdir, verify ${verify}`,
    command: `hotdir run --until-idle   (source.directory: SOURCE, destination.url: sftp://HOST/DESTINATION, verify: ${verify}, lanes: ${lanes})`,
    needsNetwork: true,
    oneByOne: false,
    async run(job) {
      const { hotdir, stateDirectory } = prepareHotdir({ ...job, directory: job.work, verify, lanes });
      const interrupt = (): void => void hotdir.killHard();
      job.signal.addEventListener("abort", interrupt, { once: true });
      try {
        const startMs = performance.now();
        hotdir.start("--until-idle", "--log-level", "warn");
        const { status, signal } = await hotdir.ended(job.timeoutMs);
        const wallMs = performance.now() - startMs;
        if (status !== 0) throw new Error(`hotdir ended with ${String(status ?? signal)}: ${hotdir.log().slice(-1500)}`);
        const { deliveringMs, methods } = readDelivered(stateDirectory);
        return { wallMs, deliveringMs, methods };
      } finally {
        job.signal.removeEventListener("abort", interrupt);
        await hotdir.killHard();
      }
    },
  };
}

const placeholders: Job = {
  source: "SOURCE",
  entry: "ENTRY",
  isFile: false,
  destination: "DESTINATION",
  host: "HOST",
  sshConfigFile: "CONFIG",
  work: "",
  timeoutMs: 0,
  signal: new AbortController().signal,
};

function asTyped({ argv, input }: Command): string {
  const words = argv.map((word) => (word.includes(" ") ? `'${word}'` : word)).join(" ");
  return input === undefined ? words : `${words} <<< '${input.trim()}'`;
}

/** Empties `directory`, or makes it. */
export function renew(directory: string): string {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return directory;
}
