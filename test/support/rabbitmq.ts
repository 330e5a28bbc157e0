import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { makeTemporary, type Temporary } from "./temporary.ts";
import { waitUntil } from "./waiting.ts";

const run = promisify(execFile);
const programs = "/usr/lib/rabbitmq/bin";

export type BrokerUser = { name: string; password: string };

export type TestBroker = AsyncDisposable & {
  readonly port: number;
  /** The same broker with TLS, under a certificate of `caFile` for `localhost`. */
  readonly tlsPort: number;
  readonly caFile: string;
  readonly user: BrokerUser;
  /** May do nothing but with objects whose names begin with `q_limited` and `xs_limited`. */
  readonly limited: BrokerUser;
  /** SIGKILL, as when the machine loses its power; the objects and the durable messages stay on disk. */
  kill(): Promise<void>;
  /** Once more, on the same ports and the same data. */
  start(): Promise<void>;
  /** `rabbitmqctl`; a second or two of CPU each. */
  ctl(...args: string[]): Promise<string>;
  log(): string;
};

/** A RabbitMQ node of this test: its own ports, its own epmd, all files in one temporary directory. */
export async function startBroker(): Promise<TestBroker> {
  if (!existsSync(`${programs}/rabbitmq-server`)) throw new Error("these tests need RabbitMQ (Debian: apt-get install rabbitmq-server)");
  const place = await makeTemporary();
  try {
    return await startIn(place);
  } catch (error) {
    await place[Symbol.asyncDispose]();
    throw error;
  }
}

async function startIn(place: Temporary): Promise<TestBroker> {
  const ports = await freePorts(4);
  const [port = 0, tlsPort = 0, distributionPort = 0, epmdPort = 0] = ports;
  const user = { name: "hotdir", password: "open-sesame-1" };
  const limited = { name: "limited", password: "open-sesame-2" };
  for (const directory of ["home", "data", "log"]) mkdirSync(`${place.path}/${directory}`, { mode: 0o700 });
  const caFile = await makeCertificates(place.path);
  writeFileSync(`${place.path}/definitions.json`, JSON.stringify(definitions(user, limited)));
  writeFileSync(`${place.path}/rabbitmq.conf`, configuration(place.path, port, tlsPort));
  writeFileSync(`${place.path}/enabled_plugins`, "[].\n");
  const env = environment(place.path, { port, distributionPort, epmdPort });

  const epmd = spawn("epmd", ["-address", "127.0.0.1", "-port", String(epmdPort)], { stdio: "ignore", env });
  let node: ChildProcess | null = null;
  const log = (): string =>
    existsSync(`${place.path}/log/node.log`) ? readFileSync(`${place.path}/log/node.log`, "utf8").slice(-8000) : "";
  const stopped = async (child: ChildProcess | null): Promise<void> => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };
  const broker: TestBroker = {
    port,
    tlsPort,
    caFile,
    user,
    limited,
    async kill() {
      await stopped(node);
      // The name of the dead node is free once its epmd noticed that the connection ended.
      await waitUntil("epmd forgets the node", async () => !(await run("epmd", ["-names"], { env })).stdout.includes("name hotdir"));
    },
    async start() {
      const started = spawn(`${programs}/rabbitmq-server`, [], { env, cwd: place.path, stdio: ["ignore", "ignore", "inherit"] });
      node = started;
      await waitUntil("RabbitMQ listens", () => endedEarly(started) || accepts(port), { timeoutMs: 60_000, explain: log });
      if (started.exitCode !== null) throw new Error(`RabbitMQ ended with ${started.exitCode}:\n${log()}`);
    },
    async ctl(...args) {
      return (await run(`${programs}/rabbitmqctl`, ["-q", ...args], { env, timeout: 60_000 })).stdout;
    },
    log,
    async [Symbol.asyncDispose]() {
      await stopped(node);
      await stopped(epmd);
      await place[Symbol.asyncDispose]();
    },
  };
  try {
    await waitUntil("epmd listens", () => accepts(epmdPort), { timeoutMs: 10_000 });
    await broker.start();
  } catch (error) {
    await stopped(node);
    await stopped(epmd);
    throw error;
  }
  return broker;
}

export function endedEarly(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function environment(directory: string, ports: { port: number; distributionPort: number; epmdPort: number }): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    LANG: "C.UTF-8",
    HOME: `${directory}/home`,
    ERL_EPMD_PORT: String(ports.epmdPort),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_NODENAME: `hotdir-${ports.port}@localhost`,
    RABBITMQ_NODE_PORT: String(ports.port),
    RABBITMQ_DIST_PORT: String(ports.distributionPort),
    RABBITMQ_CONF_ENV_FILE: "/dev/null",
    RABBITMQ_CONFIG_FILE: `${directory}/rabbitmq.conf`,
    RABBITMQ_ENABLED_PLUGINS_FILE: `${directory}/enabled_plugins`,
    RABBITMQ_MNESIA_BASE: `${directory}/data`,
    RABBITMQ_GENERATED_CONFIG_DIR: `${directory}/data/generated`,
    RABBITMQ_LOG_BASE: `${directory}/log`,
    RABBITMQ_LOGS: `${directory}/log/node.log`,
    RABBITMQ_PID_FILE: `${directory}/data/pid`,
    // The script gives way to the node itself, so that the process that is killed is the broker.
    RABBITMQ_ALLOW_INPUT: "1",
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-noinput -start_epmd false",
    RABBITMQ_CTL_ERL_ARGS: "-start_epmd false",
  };
}

function configuration(directory: string, port: number, tlsPort: number): string {
  return [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
    `ssl_options.cacertfile = ${directory}/ca.pem`,
    `ssl_options.certfile = ${directory}/server.pem`,
    `ssl_options.keyfile = ${directory}/server.key`,
    "ssl_options.verify = verify_none",
    "log.file.level = info",
    // The machine's own disk is not what is tested; the test sets a limit where it wants the alarm.
    "disk_free_limit.absolute = 1MB",
    "vm_memory_high_watermark.absolute = 1GB",
    "loopback_users = none",
    `load_definitions = ${directory}/definitions.json`,
    "",
  ].join("\n");
}

function definitions(user: BrokerUser, limited: BrokerUser): unknown {
  const all = { configure: ".*", write: ".*", read: ".*" };
  const own = { configure: "^(q|xs)_limited.*", write: "^(q|xs)_limited.*", read: "^(q|xs)_limited.*" };
  return {
    vhosts: [{ name: "/" }],
    users: [user, limited].map(({ name, password }) => ({
      name,
      password_hash: hashed(password),
      hashing_algorithm: "rabbit_password_hashing_sha256",
      tags: "",
    })),
    permissions: [
      { user: user.name, vhost: "/", ...all },
      { user: limited.name, vhost: "/", ...own },
    ],
  };
}

function hashed(password: string): string {
  const salt = Buffer.from("salt");
  const digest = createHash("sha256")
    .update(Buffer.concat([salt, Buffer.from(password)]))
    .digest();
  return Buffer.concat([salt, digest]).toString("base64");
}

/** A CA, and a certificate of it for the broker. */
export async function makeCertificates(directory: string): Promise<string> {
  const openssl = async (...args: string[]): Promise<void> => void (await run("openssl", args, { cwd: directory }));
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=hotdir test CA");
  writeFileSync(`${directory}/names`, "subjectAltName=DNS:localhost\n");
  await openssl("req", ...key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost");
  const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"];
  await openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", ...signing);
  chmodSync(`${directory}/server.key`, 0o600);
  return `${directory}/ca.pem`;
}

export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}

/** So many ports, all free at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  await sleep(0);
  return ports;
}
