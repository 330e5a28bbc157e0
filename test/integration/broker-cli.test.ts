import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addressOf, credentialsIn, makeLink } from "../support/broker-link.ts";
import { type DaemonPlace, Hotdir, type Outcome } from "../support/daemon.ts";
import { askPage } from "../support/page.ts";
import { parsePrometheus, valueOf } from "../support/prometheus.ts";
import { type BrokerUser, startBroker, type TestBroker } from "../support/rabbitmq.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { listenTo } from "../support/queue-listener.ts";
import { waitUntil } from "../support/waiting.ts";

type Finding = { level: string; text: string; fix?: string };
type Checked = { flow: string; from: string; source: Finding[]; destination: Finding[]; announce: Finding[]; unreachable: string | null };
type Objects = Array<{
  reached: boolean;
  reason: string | null;
  objects: Array<{ object: string; name: string; outcome: string; detail?: string }>;
}>;

let broker: TestBroker;
let place: Temporary;
let hotdir: Hotdir;
let paths: DaemonPlace;
let serial = 0;

beforeAll(async () => {
  place = await makeTemporary();
  broker = await startBroker();
  mkdirSync(`${place.path}/home`);
  for (const name of ["in", "out"]) mkdirSync(`${place.path}/${name}`);
  paths = {
    configFile: `${place.path}/hotdir.yaml`,
    stateDirectory: `${place.path}/state`,
    home: `${place.path}/home`,
    logFile: `${place.path}/log`,
  };
  hotdir = new Hotdir(paths);
});
afterAll(async () => {
  await hotdir.killHard();
  await broker[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

type At = { broker: string; credentials: string };

/** The keys of a broker in a configuration. */
function at(user: BrokerUser = broker.user, port = broker.port, more = ""): At {
  serial += 1;
  const credentials = `${place.path}/credentials-${serial}`;
  writeFileSync(credentials, `amqp://${user.name}:${user.password}@127.0.0.1:${port}/\n`, { mode: 0o600 });
  return { broker: `amqp://${user.name}@127.0.0.1:${port}/${more}`, credentials };
}

function configure(flows: object): void {
  writeFileSync(paths.configFile, JSON.stringify({ page: "off", flows }, null, 2));
}

const destination = (): object => ({ url: `file:${place.path}/out`, keep_free: "0B" });
const watched = (): object => ({ directory: `${place.path}/in` });

function parsed<Value>({ stdout, stderr }: Outcome): Value {
  try {
    return JSON.parse(stdout) as Value;
  } catch {
    throw new Error(`no JSON: ${stdout}\n${stderr}`);
  }
}

async function checked(): Promise<{ status: number | null; flows: Checked[] }> {
  const outcome = await hotdir.ask("check", "--json");
  return { status: outcome.status, flows: parsed<{ flows: Checked[] }>(outcome).flows };
}

/** Puts bytes on an exchange, whatever they are. */
async function publish(to: { exchange: string; key: string }, ...bodies: string[]): Promise<void> {
  const address = addressOf(`amqp://127.0.0.1:${broker.port}`);
  await using link = makeLink({ address, credentials: credentialsIn(`${place.path}/raw`, address, broker.user) });
  const channel = await (await link.connection(AbortSignal.timeout(10_000))).model.createConfirmChannel();
  for (const body of bodies) channel.publish(to.exchange, to.key, Buffer.from(body), { contentType: "application/json", deliveryMode: 2 });
  await channel.waitForConfirms();
  await channel.close();
}

test("declare makes what the flows need and tells of each; cleanup removes it, and what holds messages only on a person's word", async () => {
  const keys = at();
  const told = { source: watched(), destination: { publish: { ...keys, exchange: "xs_cli", split: 2 } } };
  configure({
    down: { source: { subscribe: { ...keys, exchange: "xs_cli00", topics: ["a/#", "b"], queue: "q_cli" } }, destination: destination() },
    told,
    plain: { source: watched(), destination: { ...destination(), url: `file:${place.path}/plain` } },
  });
  const first = await hotdir.ask("declare", "--json");
  expect(first).toMatchObject({ status: 0, stderr: "" });
  // What is bound to comes first, in whatever order the flows are written.
  const names = parsed<Objects>(first).flatMap(({ objects }) => objects.map(({ object, name, outcome }) => `${object} ${name} ${outcome}`));
  expect(names).toEqual([
    "exchange xs_cli00 declared",
    "exchange xs_cli01 declared",
    "queue q_cli declared",
    "exchange q_cli.aside declared",
    ...["1s", "10s", "60s", "600s", "3600s"].map((wait) => `queue q_cli.again_${wait} declared`),
    "queue q_cli.dead declared",
  ]);
  expect(await broker.ctl("list_bindings", "source_name", "destination_name", "routing_key")).toMatch(
    /xs_cli00\tq_cli\tv03\.a\.#\n[^]*xs_cli00\tq_cli\tv03\.b\n/,
  );
  expect((await hotdir.ask("declare", "plain")).stdout).toBe("No flow uses a broker: there is nothing to declare.\n");

  configure({
    down: { source: { subscribe: { ...keys, exchange: "xs_cli00", topics: ["#"], queue: "q_cli" } }, destination: destination() },
    told,
  });
  await hotdir.ask("declare");
  await publish({ exchange: "xs_cli00", key: "v03" }, "one", "two");
  const refused = await hotdir.ask("cleanup");
  expect(refused).toMatchObject({ status: 2, stdout: "" });
  expect(refused.stderr).toContain(
    "q_cli holds 2 messages: changes that nobody has made true yet; nothing was removed. --yes removes them",
  );
  expect(await broker.ctl("list_queues", "name", "messages")).toMatch(/q_cli\t2/);
  const removed = await hotdir.ask("cleanup", "--yes");
  expect(removed.status).toBe(0);
  expect(removed.stdout).toMatch(/queue {5}q_cli +removed\n/);
  expect(await broker.ctl("list_queues", "name")).not.toContain("q_cli");
  expect(await broker.ctl("list_exchanges", "name")).not.toMatch(/xs_cli|q_cli/);
  expect(parsed<Objects>(await hotdir.ask("cleanup", "--json")).flatMap(({ objects }) => objects.map(({ outcome }) => outcome))).toEqual([
    "absent",
    "absent",
    "absent",
  ]);
});

test("a broker that is out of reach ends declare, cleanup and check with 4, and the reason", async () => {
  configure({ told: { source: watched(), destination: { publish: { ...at(broker.user, 1), exchange: "xs_x" } } } });
  for (const command of ["declare", "cleanup"]) {
    const outcome = await hotdir.ask(command);
    expect(outcome.status, command).toBe(4);
    expect(outcome.stdout).toMatch(/amqp:\/\/hotdir@127\.0\.0\.1:1\n {2}out of reach: it cannot be reached \(.*ECONNREFUSED/);
  }
  const { status, flows } = await checked();
  expect(status).toBe(4);
  expect(flows[0]).toMatchObject({ unreachable: "unreachable", destination: [{ level: "problem", fix: /nc -vz 127\.0\.0\.1 1/ }] });
});

test("check tells what a user may not do, to what, and how that is granted, and uses no right in asking", async () => {
  configure({
    told: { source: watched(), destination: { publish: { ...at(broker.limited), exchange: "xs_other" } } },
    down: {
      source: { subscribe: { ...at(broker.limited), exchange: "xs_other", queue: "q_limited_check" } },
      destination: destination(),
      announce: { ...at(broker.limited), exchange: "xs_limited_check" },
    },
  });
  const before = await broker.ctl("list_queues", "name");
  const { status, flows } = await checked();
  expect(status).toBe(1);
  const [told, down] = flows;
  expect(told!.destination).toMatchObject([
    { level: "good", text: /logged in to the broker amqp:\/\/limited@127\.0\.0\.1:\d+ as limited \(RabbitMQ/ },
    {
      level: "problem",
      text: "the broker does not let limited configure the exchange xs_other, write the exchange xs_other",
      fix: /set_permissions -p \/ limited CONFIGURE WRITE READ' sets it, three expressions: here CONFIGURE matches xs_other, WRITE matches xs_other$/,
    },
    { level: "note", text: /the exchange xs_other is not there yet/, fix: "to make it now: hotdir declare told" },
  ]);
  expect(down!.from).toMatch(/^messages of amqp:\/\/limited@127\.0\.0\.1:\d+ xs_other$/);
  expect(down!.source.map(({ text }) => text)).toContain("the broker does not let limited read the exchange xs_other");
  expect(down!.announce.map(({ level }) => level)).toEqual(["good", "good", "note"]);
  expect(await broker.ctl("list_queues", "name")).toBe(before);
  expect(await broker.ctl("list_exchanges", "name")).not.toMatch(/xs_other|limited_check/);

  // What the advice says, with names of this flow.
  await broker.ctl(
    "set_permissions",
    "-p",
    "/",
    "limited",
    "^(q|xs)_limited.*|xs_other",
    "^(q|xs)_limited.*|xs_other",
    "^(q|xs)_limited.*|xs_other",
  );
  expect((await hotdir.ask("declare")).status).toBe(0);
  const after = await checked();
  expect(after.status).toBe(0);
  expect(after.flows[1]!.source.map(({ text }) => text)).toContain("the queue q_limited_check is there: 0 messages, 0 consumers");
  const own = "^(q|xs)_limited.*";
  await broker.ctl("set_permissions", "-p", "/", "limited", own, own, own);
});

test("a queue with other properties, dead letters, and objects of others are told", async () => {
  const subscribe = { ...at(), exchange: "xs_differs", queue: "q_differs" };
  const told = { source: watched(), destination: { publish: { ...at(), exchange: "xs_differs" } } };
  const configured = (more: object): void =>
    configure({ down: { source: { subscribe: { ...subscribe, ...more } }, destination: destination() }, told });
  configured({});
  await hotdir.ask("declare");
  configured({ expire: "2d" });
  const [down] = (await checked()).flows;
  expect(down!.source).toContainEqual({
    level: "note",
    text: expect.stringMatching(
      /^it is not as configured, and is used as it is: inequivalent arg 'x-expires' for queue 'q_differs'/,
    ) as string,
    fix: "to have it as configured, with the flow stopped on all hosts: hotdir cleanup down && hotdir declare down",
  });
  await publish({ exchange: "q_differs.aside", key: "q_differs.dead" }, "x");
  expect((await checked()).flows[0]!.source).toContainEqual({
    level: "note",
    text: "1 dead letter of the queue waits for a person",
    fix: "hotdir dead down",
  });
  configured({ queue: "q_nobodys", declare: false });
  expect((await checked()).flows[0]!.source).toContainEqual(
    expect.objectContaining({ level: "problem", text: "the queue q_nobodys is not there, and is another's to make" }) as object,
  );
  expect(parsed<Objects>(await hotdir.ask("declare", "--json"))[0]!.objects).toContainEqual(
    expect.objectContaining({ name: "q_nobodys", outcome: "absent" }) as object,
  );
});

test("faults of the credentials, of the vhost and of the certificate come with what mends them, and without the password", async () => {
  const flow = (keys: object): void => configure({ told: { source: watched(), destination: { publish: { exchange: "xs_c", ...keys } } } });
  const only = async (): Promise<Finding> => {
    const outcome = await hotdir.ask("check", "--json");
    expect(outcome.status).toBe(4);
    expect(outcome.stdout + outcome.stderr).not.toMatch(/open-sesame|wrong-secret/);
    return parsed<{ flows: Checked[] }>(outcome).flows[0]!.destination[0]!;
  };
  const keys = at();
  chmodSync(keys.credentials, 0o644);
  flow(keys);
  expect(await only()).toMatchObject({
    level: "problem",
    text: /can be read by others \(mode 644\)/,
    fix: `chmod 600 ${keys.credentials}`,
  });
  rmSync(keys.credentials);
  expect(await only()).toMatchObject({ text: /ENOENT/, fix: /write the line 'amqp:\/\/hotdir:PASSWORD@127\.0\.0\.1:\d+' into / });
  flow(at({ ...broker.user, password: "wrong-secret" }));
  expect(await only()).toMatchObject({ text: /it refuses the login/, fix: /correct the password in .*rabbitmqctl change_password hotdir/ });
  const vhost = at(broker.user, broker.port, "nowhere");
  writeFileSync(vhost.credentials, `amqp://hotdir:${broker.user.password}@127.0.0.1:${broker.port}/nowhere\n`);
  flow(vhost);
  expect(await only()).toMatchObject({ text: /it refuses the vhost/, fix: /rabbitmqctl list_vhosts/ });

  const secure = at();
  secure.broker = `amqps://hotdir@localhost:${broker.tlsPort}/`;
  writeFileSync(secure.credentials, `amqps://hotdir:${broker.user.password}@localhost:${broker.tlsPort}/\n`);
  flow(secure);
  expect(await only()).toMatchObject({
    text: /its certificate is not trusted/,
    fix: /destination: \{publish: \{ca: |ca: \/path\/to\/ca\.pem/,
  });
  flow({ ...secure, ca: broker.caFile });
  expect((await checked()).flows[0]!.destination[0]).toMatchObject({
    level: "good",
    text: /logged in to the broker amqps:\/\/hotdir@localhost/,
  });
});

type Broker = {
  role: string;
  address: string;
  exchange: string;
  state: string | null;
  reason: string | null;
  counts: Record<string, number>;
  owed: number | null;
};

test("status tells how it stands with the broker, with a daemon and without, and while the broker is away", async () => {
  configure({
    told: { source: watched(), destination: { publish: { ...at(), exchange: "xs_status" } } },
    copy: { source: watched(), destination: destination(), announce: { ...at(), exchange: "xs_status" } },
  });
  const brokers = async (): Promise<Broker[]> =>
    parsed<{ flows: Array<{ broker: Broker[] }> }>(await hotdir.ask("status", "--json")).flows.flatMap((flow) => flow.broker);
  expect(await brokers()).toMatchObject([
    { role: "publish", exchange: "xs_status", state: null, owed: null },
    { role: "announce", exchange: "xs_status", state: null, owed: 0 },
  ]);
  // Until somebody ever listened, what is published waits.
  await using listener = await listenTo(broker, place.path, "xs_status");
  hotdir.start();
  await waitUntil("both are ready", async () => (await brokers()).every(({ state }) => state === "ready"), { timeoutMs: 30_000 });
  await broker.kill();
  writeFileSync(`${place.path}/in/a`, "a");
  const waiting = await hotdir.waitFor("the flow waits", ({ flows }) => flows[0]!.state === "waiting");
  expect(waiting.flows[0]!.reason).toMatch(/amqp:\/\/hotdir@127\.0\.0\.1:\d+/);
  await waitUntil("the announcement is owed", async () => (await brokers())[1]!.owed === 1, { timeoutMs: 30_000 });
  expect(await brokers()).toMatchObject([
    { state: "waiting", reason: /cannot be reached|lost|closed/ },
    { state: "waiting", reason: /cannot be reached|lost|closed/ },
  ]);
  expect((await hotdir.ask("status")).stdout).toMatch(
    /announces to amqp:\/\/hotdir@127\.0\.0\.1:\d+ xs_status: waiting \(.*\), 1 delivery to be told of/,
  );
  await broker.start();
  await waitUntil("nothing is owed", async () => (await brokers())[1]!.owed === 0, { timeoutMs: 60_000 });
  await hotdir.waitFor("it is published", ({ flows }) => flows[0]!.counts.delivered === 1, 60_000);
  expect((await listener.heard()).map(({ fields }) => fields["relPath"])).toContain("a");
  expect(await hotdir.stop()).toBe(0);
});

test("files go from a flow over amqps to the next one; status and metrics tell the queue, and a pause takes nothing more", async () => {
  const secure = { ...at(), broker: `amqps://hotdir@localhost:${broker.tlsPort}/`, ca: broker.caFile };
  writeFileSync(secure.credentials, `amqps://hotdir:${broker.user.password}@localhost:${broker.tlsPort}/\n`);
  const socket = `${place.path}/page.sock`;
  for (const name of ["over", "arrived"]) mkdirSync(`${place.path}/${name}`);
  const flows = {
    told: { source: { directory: `${place.path}/over` }, destination: { publish: { ...secure, exchange: "xs_over" } } },
    down: {
      source: { subscribe: { ...secure, exchange: "xs_over", queue: "q_over" }, base: `${place.path}/over` },
      destination: { url: `file:${place.path}/arrived`, keep_free: "0B" },
    },
  };
  writeFileSync(paths.configFile, JSON.stringify({ page: { listen: `unix:${socket}` }, flows }));
  expect((await hotdir.ask("declare")).status).toBe(0);
  hotdir.start();
  for (let number = 0; number < 20; number += 1) writeFileSync(`${place.path}/over/${number}`, String(number));
  await publish({ exchange: "xs_over", key: "v03" }, "rubbish");
  await hotdir.waitFor(
    "all have arrived",
    ({ flows: [told, down] }) => told!.counts.delivered === 20 && down!.counts.delivered === 20,
    60_000,
  );
  expect(readdirSync(`${place.path}/arrived`)).toHaveLength(20);
  const { body } = await askPage(socket, "/metrics");
  const metrics = parsePrometheus(body);
  const flow = "down";
  await waitUntil("the dead letter is told", async () => {
    const told = parsePrometheus((await askPage(socket, "/metrics")).body);
    return valueOf(told, "hotdir_broker_queue_messages", { flow, part: "dead" }) === 1;
  });
  expect(valueOf(metrics, "hotdir_broker_messages_total", { flow, role: "subscribe", outcome: "done" })).toBeGreaterThanOrEqual(20);
  expect(valueOf(metrics, "hotdir_broker_messages_total", { flow: "told", role: "publish", outcome: "published" })).toBe(20);
  expect(valueOf(metrics, "hotdir_broker_state", { flow, role: "subscribe", state: "ready" })).toBe(1);
  expect(valueOf(metrics, "hotdir_broker_queue_consumers", { flow })).toBe(1);

  expect((await hotdir.ask("pause", "down")).status).toBe(0);
  await waitUntil("nobody consumes", async () => /q_over\t0/.test(await broker.ctl("list_queues", "name", "consumers")));
  expect((await hotdir.ask("status", "down")).stdout).toMatch(/subscribed to amqps:.* xs_over: not connected now/);
  writeFileSync(`${place.path}/over/late`, "late");
  await waitUntil("it waits with the broker", async () => /q_over\t1/.test(await broker.ctl("list_queues", "name", "messages")), {
    timeoutMs: 20_000,
  });
  expect((await hotdir.ask("resume", "down")).status).toBe(0);
  await hotdir.waitFor("it arrives", ({ flows: [, down] }) => down!.counts.delivered === 21);
  expect(await hotdir.stop()).toBe(0);
});

test("dead lists the letters of the queue beside those of the ledger, and retry gives them back", async () => {
  const keys = at();
  for (const name of ["dead-in", "dead-out", "dead-out/blocked"]) mkdirSync(`${place.path}/${name}`);
  writeFileSync(`${place.path}/dead-out/blocked/x`, "in the way");
  configure({
    told: { source: { directory: `${place.path}/dead-in` }, destination: { publish: { ...keys, exchange: "xs_dead" } } },
    down: {
      source: { subscribe: { ...keys, exchange: "xs_dead", queue: "q_dead" }, base: `${place.path}/dead-in` },
      destination: { url: `file:${place.path}/dead-out`, keep_free: "0B" },
      retry: { attempts: 1 },
    },
  });
  expect((await hotdir.ask("declare")).status).toBe(0);
  hotdir.start();
  await publish({ exchange: "xs_dead", key: "v03" }, "rubbish");
  writeFileSync(`${place.path}/dead-in/blocked`, "a file");
  type DeadLetter = { flow: string; path: string | null; queue?: string; code?: string; reason: string };
  const dead = async (): Promise<DeadLetter[]> => parsed<DeadLetter[]>(await hotdir.ask("dead", "--json"));
  const both = await waitUntil(
    "both are dead",
    async () => {
      const letters = await dead();
      const { stdout } = await hotdir.ask("status", "down");
      return letters.length === 2 && /2 dead letters with the broker/.test(stdout) ? letters : null;
    },
    { timeoutMs: 30_000, explain: () => hotdir.log() },
  );
  // The one that this ledger knows is listed once, though its message lies in the queue, too.
  expect(both).toMatchObject([
    { flow: "down", path: "blocked", code: "wrong-type" },
    { flow: "down", path: null, queue: "q_dead", reason: "the body is no JSON object: its syntax is wrong" },
  ]);
  expect((await hotdir.ask("dead")).stdout).toMatch(
    /a message that is not understood {2}\(down, in q_dead\)\n {2}\d{4}-.*its syntax is wrong/,
  );
  rmSync(`${place.path}/dead-out/blocked`, { recursive: true });
  const outcome = await hotdir.ask("retry", `${place.path}/dead-in/blocked`);
  expect(outcome).toMatchObject({ status: 0, stdout: expect.stringContaining("Given back to the broker's queue: 1 message.") as string });
  await waitUntil("it arrives", () => existsSync(`${place.path}/dead-out/blocked`), { explain: () => hotdir.log() });
  await hotdir.waitFor("nothing is left", ({ flows: [, down] }) => down!.counts.dead + down!.counts.queued + down!.counts.sending === 0);
  await waitUntil("its letter is gone", async () => (await dead()).length === 1);
  expect((await hotdir.ask("retry", "--all")).stdout).toBe("Given back to the broker's queue: 1 message.\n");
  await waitUntil("it is not understood once more", async () => /2 refused/.test((await hotdir.ask("status", "down")).stdout));
  expect((await hotdir.ask("retry", "no-such-file")).status).toBe(1);

  // While the queue cannot be asked that is said at once. The last test of the file: the broker stays away.
  await broker.kill();
  await hotdir.waitFor("the broker is away", ({ flows: [, down] }) => down!.state === "waiting");
  const begun = performance.now();
  expect((await hotdir.ask("dead")).stderr).toMatch(/queue of down cannot be listed: .*the broker cannot be asked now/);
  const retried = await hotdir.ask("retry", "--all");
  expect(retried).toMatchObject({ status: 1, stdout: "Nothing was queued again.\n" });
  expect(retried.stderr).toMatch(/the dead letters of down stay: .*the dead letters of q_dead: the broker cannot be asked now/);
  expect(performance.now() - begun).toBeLessThan(20_000);
  expect(await hotdir.stop()).toBe(0);
});
