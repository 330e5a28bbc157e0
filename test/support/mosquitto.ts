import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import { accepts, type BrokerUser, endedEarly, freePorts, makeCertificates } from "./rabbitmq.ts";
import { makeTemporary, type Temporary } from "./temporary.ts";
import { waitUntil } from "./waiting.ts";

const run = promisify(execFile);
const program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].find((path) => existsSync(path));

export type TestMosquitto = AsyncDisposable & {
  readonly port: number;
  /** The same broker with TLS, under a certificate of `caFile` for `localhost`. */
  readonly tlsPort: number;
  readonly caFile: string;
  readonly user: BrokerUser;
  /** May do nothing but with topics below `limited/` and `hotdir/q_limited/`. */
  readonly limited: BrokerUser;
  /**
   * SIGKILL. What it confirmed since it last wrote its snapshot is gone, which is mosquitto's nature: it confirms first, and here
   * writes at the next turn of its loop (`autosave_on_changes`).
   */
  kill(): Promise<void>;
  /** SIGTERM: it writes all that it has. */
  end(): Promise<void>;
  /** Once more, on the same ports and the same data. */
  start(): Promise<void>;
  /** Takes effect at once for who connects from then on. */
  setPassword(user: string, password: string): Promise<void>;
  log(): string;
};

/** A mosquitto of this test: its own ports, all files in one temporary directory. */
export async function startMosquitto(): Promise<TestMosquitto> {
  if (program === undefined) throw new Error("these tests need mosquitto (Debian: apt-get install mosquitto)");
  const place = await makeTemporary();
  try {
    return await startIn(place, program);
  } catch (error) {
    await place[Symbol.asyncDispose]();
    throw error;
  }
}

async function startIn(place: Temporary, mosquitto: string): Promise<TestMosquitto> {
  const [port = 0, tlsPort = 0] = await freePorts(2);
  const user = { name: "hotdir", password: "open-sesame-1" };
  const limited = { name: "limited", password: "open-sesame-2" };
  const caFile = await makeCertificates(place.path);
  mkdirSync(`${place.path}/data`, { mode: 0o700 });
  writeFileSync(`${place.path}/passwords`, "", { mode: 0o600 });
  writeFileSync(
    `${place.path}/acl`,
    `user ${user.name}\ntopic readwrite #\nuser ${limited.name}\ntopic readwrite limited/#\ntopic readwrite hotdir/q_limited/#\n`,
    { mode: 0o600 },
  );
  writeFileSync(`${place.path}/mosquitto.conf`, configuration(place.path, port, tlsPort));
  const logFile = `${place.path}/log`;
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, "utf8").slice(-8000) : "");

  let node: ChildProcess | null = null;
  const stopped = async (signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    if (node === null || endedEarly(node)) return;
    const gone = once(node, "exit");
    node.kill(signal);
    await gone;
  };
  const setPassword = async (name: string, password: string): Promise<void> => {
    await run("mosquitto_passwd", ["-b", `${place.path}/passwords`, name, password]);
    node?.kill("SIGHUP");
  };
  for (const { name, password } of [user, limited]) await setPassword(name, password);
  const broker: TestMosquitto = {
    port,
    tlsPort,
    caFile,
    user,
    limited,
    kill: async () => stopped("SIGKILL"),
    end: async () => stopped("SIGTERM"),
    async start() {
      const output = openSync(logFile, "a");
      const started = spawn(mosquitto, ["-c", `${place.path}/mosquitto.conf`], { cwd: place.path, stdio: ["ignore", output, output] });
      node = started;
      await waitUntil("mosquitto listens", () => endedEarly(started) || accepts(port), { timeoutMs: 20_000, explain: log });
      if (endedEarly(started)) throw new Error(`mosquitto ended with ${started.exitCode}:\n${log()}`);
    },
    setPassword,
    log,
    async [Symbol.asyncDispose]() {
      await stopped("SIGKILL");
      await place[Symbol.asyncDispose]();
    },
  };
  await broker.start();
  return broker;
}

function configuration(directory: string, port: number, tlsPort: number): string {
  return [
    // Started by root, it would become somebody who may not write here.
    `user ${userInfo().username}`,
    `listener ${port} 127.0.0.1`,
    `listener ${tlsPort} 127.0.0.1`,
    `cafile ${directory}/ca.pem`,
    `certfile ${directory}/server.pem`,
    `keyfile ${directory}/server.key`,
    "allow_anonymous false",
    `password_file ${directory}/passwords`,
    `acl_file ${directory}/acl`,
    "persistence true",
    `persistence_location ${directory}/data/`,
    // As the guide says it: what it confirms is on disk as soon as it can, and no queue is cut off.
    "autosave_on_changes true",
    "autosave_interval 1",
    "max_queued_messages 0",
    "connection_messages true",
    "",
  ].join("\n");
}
