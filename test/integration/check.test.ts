import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { Hotdir } from "../support/daemon.ts";
import { startSshd } from "../support/sshd.ts";
import { makeTemporary } from "../support/temporary.ts";

type Finding = { level: string; text: string; fix?: string };
type Answer = {
  flows: Array<{ flow: string; source: Finding[]; destination: Finding[]; retention: Finding[] }>;
  in_force: { flows: object[] } | null;
};
type Place = AsyncDisposable & { path: string; file: string; hotdir: Hotdir; check: (text: string) => Promise<Finding[]> };

/** A directory with `in` and `out`, and a program without root's power to read everything. */
async function makePlace(): Promise<Place> {
  const temporary = await makeTemporary();
  const { path } = temporary;
  for (const name of ["in", "out", "home"]) mkdirSync(`${path}/${name}`);
  const file = `${path}/hotdir.yaml`;
  const hotdir = new Hotdir({
    configFile: file,
    stateDirectory: `${path}/state`,
    home: `${path}/home`,
    logFile: `${path}/log`,
    withoutOverride: true,
  });
  return {
    path,
    file,
    hotdir,
    async check(text) {
      writeFileSync(file, text);
      const outcome = await hotdir.ask("check", "--json");
      expect(outcome.stderr).toBe("");
      const answer = JSON.parse(outcome.stdout) as Answer;
      return answer.flows.flatMap((flow) => [...flow.source, ...flow.destination, ...flow.retention]);
    },
    async [Symbol.asyncDispose]() {
      await hotdir.killHard();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

const flow = (path: string, more = "", url = `file:${path}/out`): string => `flows:
  hot:
    source:
      directory: ${path}/in
    destination:
      url: ${url}
${more}`;

const fixes = (findings: Finding[]): string[] => findings.flatMap(({ level, fix }) => (level === "good" ? [] : [fix ?? "(no fix)"]));
/** Does what the advice says, as a person would. */
const run = (command: string): void => void execFileSync("bash", ["-c", command]);

test("a directory that is not there, or that may not be entered, comes with the command that mends it, and it does", async () => {
  await using place = await makePlace();
  const { path } = place;
  expect(fixes(await place.check(flow(path)))).toEqual([]);
  const text = flow(path).replace(`${path}/in`, `'${path}/it''s new'`);
  const [mkdir] = fixes(await place.check(text));
  expect(mkdir).toBe(String.raw`mkdir -p '${path}/it'\''s new'`);
  run(mkdir!);
  expect(fixes(await place.check(text))).toEqual([]);

  mkdirSync(`${path}/in/deep`);
  chmodSync(`${path}/in`, 0o600);
  const barred = flow(path).replace(`${path}/in`, `${path}/in/deep`);
  const [chmod] = fixes(await place.check(barred));
  expect(chmod).toBe(`chmod u+x ${path}/in`);
  run(chmod!);
  expect(fixes(await place.check(barred))).toEqual([]);
  chmodSync(`${path}/out`, 0o500);
  const [write] = fixes(await place.check(barred));
  expect(write).toBe(`chmod u+rwx ${path}/out`);
  run(write!);
  expect(fixes(await place.check(barred))).toEqual([]);
});

test("what the configuration should say comes with its line, whether it says something already or not", async () => {
  await using place = await makePlace();
  const { path, file } = place;
  writeFileSync(`${path}/file`, "");
  expect(fixes(await place.check(flow(path).replace(`${path}/in`, `${path}/file`)))).toEqual([
    `${file}:4: write 'directory: ${path}' in place of 'directory: ${path}/file'`,
  ]);
  expect(fixes(await place.check(flow(path, "      keep_free: 4P\n")))[0]).toMatch(
    new RegExp(
      String.raw`^free some space there: du -xh -d1 .*; or keep less: ${file}:7: write 'keep_free: \d+[GM]?' in place of 'keep_free: 4P'$`,
    ),
  );
  chmodSync(`${path}/in`, 0o500);
  expect(fixes(await place.check(flow(path, "    retain: {delete_after: 7d}\n")))).toEqual([
    `chmod u+wx ${path}/in; or let them stay: ${file}: add 'retain: keep' to the flow hot`,
  ]);
});

test("a far side that has not all that is wanted is told with what to change", async () => {
  await using place = await makePlace();
  await using sshd = await startSshd();
  const ssh = `      ssh: [ssh, -F, ${sshd.sshConfigFile}]\n`;
  const at = (more: string, url = `sftp://${sshd.hostAlias}${place.path}/out`): string => flow(place.path, `${ssh}${more}`, url);
  expect(fixes(await place.check(at("")))).toEqual([]);
  const [mkdir] = fixes(await place.check(at("", `sftp://${sshd.hostAlias}${place.path}/out/a b`.replace(" ", "%20"))));
  expect(mkdir).toBe(String.raw`to make it now: ssh -F ${sshd.sshConfigFile} cluster 'mkdir -p '\''${place.path}/out/a b'\'''`);
  run(mkdir!.replace("to make it now: ", ""));
  expect(statSync(`${place.path}/out/a b`).isDirectory()).toBe(true);

  // Without a key that it takes, and with a host whose key is not known: what to do names the very options.
  writeFileSync(`${sshd.directory}/authorized_keys`, "");
  expect(fixes(await place.check(at("")))[0]).toContain(`'ssh-copy-id -F ${sshd.sshConfigFile} cluster' brings it there`);
  writeFileSync(`${sshd.directory}/known_hosts`, "");
  expect(fixes(await place.check(at("")))[0]).toContain(
    `the host is new to ssh: 'ssh -F ${sshd.sshConfigFile} cluster true' shows its key`,
  );
});

test("a configuration that is not in force yet is compared with what the daemon runs with, and nothing of it comes into force", async () => {
  await using place = await makePlace();
  const { path, file } = place;
  writeFileSync(file, flow(path));
  expect((await place.hotdir.ask("check")).stdout).toContain("All is well");
  place.hotdir.start();
  await place.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  expect((await place.hotdir.ask("check")).stdout).toContain(`The daemon runs with these settings: ${file}`);
  writeFileSync(
    `${path}/new.yaml`,
    flow(path, "      lanes: 2\n      bandwidth: 20MB/s\n  more: {source: {posts: true}, destination: {url: 'file:/tmp'}}\n"),
  );
  const compared = await place.hotdir.ask("check", "-c", `${path}/new.yaml`);
  expect(compared.stdout).toContain(`      destination.lanes: 5 → 2  (${path}/new.yaml:7)\n`);
  expect(compared.stdout).toContain(`      destination.bandwidth: unlimited → 20MB/s  (${path}/new.yaml:8)\n`);
  expect(compared.stdout).toContain("  + more: new; a reload starts it\n");
  expect(compared.stdout).toContain(`it runs with ${file}: put the changes there, then 'kill -HUP ${place.hotdir.pid}'`);
  const json = JSON.parse((await place.hotdir.ask("check", "--json", "-c", `${path}/new.yaml`)).stdout) as Answer;
  expect(json.in_force?.flows).toMatchObject([
    { flow: "hot", change: "changed" },
    { flow: "more", change: "added" },
  ]);

  // What the advice says brings it into force.
  writeFileSync(file, readFileSync(`${path}/new.yaml`));
  process.kill(place.hotdir.pid, "SIGHUP");
  await place.hotdir.waitFor("the new flow", ({ flows }) => flows.length === 2);
  expect((await place.hotdir.ask("check")).stdout).toContain(`The daemon runs with these settings: ${file}`);
});
