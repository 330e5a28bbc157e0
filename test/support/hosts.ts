import { mkdirSync, writeFileSync } from "node:fs";
import { Hotdir } from "./daemon.ts";
import { startBroker, type TestBroker } from "./rabbitmq.ts";
import { startSshd, type TestSshd } from "./sshd.ts";
import { makeTemporary } from "./temporary.ts";

/** What a configuration of a host may name. */
export type Surroundings = {
  /** Of all hosts: the same files for each. */
  directory: string;
  /** `amqp://user@127.0.0.1:port/`, and the file with its password. */
  broker: { broker: string; credentials: string };
  /** `sftp://alias`, to which a path is added, and the command that reaches it. */
  far: { url: string; ssh: string[] };
};

export type Hosts = AsyncDisposable &
  Surroundings & {
    readonly rabbitmq: TestBroker;
    readonly sshd: TestSshd;
    /** One more host: a home, a state directory and a ledger of its own. Its daemon is not started. */
    host(name: string, flows: object): Hotdir;
    /** Makes a directory below `directory`, and says where. */
    place(name: string): string;
  };

/** Several hosts, each a daemon with its own state, around one real RabbitMQ and one real sshd. Hosts are killed at the end. */
export async function makeHosts(): Promise<Hosts> {
  await using undo = new AsyncDisposableStack();
  const { path: directory } = undo.use(await makeTemporary());
  const [rabbitmq, sshd] = await Promise.all([startBroker(), startSshd({})]);
  undo.use(rabbitmq);
  undo.use(sshd);
  const credentials = `${directory}/credentials.conf`;
  const { name: user, password } = rabbitmq.user;
  writeFileSync(credentials, `amqp://${user}:${password}@127.0.0.1:${rabbitmq.port}/\n`, { mode: 0o600 });
  const held = undo.move();
  return {
    directory,
    rabbitmq,
    sshd,
    broker: { broker: `amqp://${user}@127.0.0.1:${rabbitmq.port}/`, credentials },
    far: { url: `sftp://${sshd.hostAlias}`, ssh: ["ssh", "-F", sshd.sshConfigFile] },
    host(name, flows) {
      const home = `${directory}/hosts/${name}`;
      mkdirSync(`${home}/state`, { recursive: true });
      const configFile = `${home}/hotdir.yaml`;
      writeFileSync(configFile, JSON.stringify({ page: "off", flows }, null, 2));
      const hotdir = new Hotdir({ configFile, stateDirectory: `${home}/state`, home, logFile: `${home}/daemon.log` });
      held.defer(async () => hotdir.killHard());
      return hotdir;
    },
    place(name) {
      const path = `${directory}/${name}`;
      mkdirSync(path, { recursive: true });
      return path;
    },
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}
