import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { World } from "./world.ts";

export type Templates = { transfer: string; remote: string };

/** Takes files and, last, HOST:DIRECTORY, as bbcp does; two at a time. */
const bbcp = (ssh: string): string =>
  `#!/bin/sh
for to; do :; done
for f; do
  [ "$f" = "$to" ] || { (tar -cf - -C "$(dirname "$f")" -- "./\${f##*/}" | ${ssh} "\${to%%:*}" tar -xf - -C "\${to#*:}") & [ -z "$odd" ] && odd=1 || { wait; odd=; }; }
done
wait
`;

/** The user's own ssh, scp and rsync, to the world's sshd, and a tool of another kind. `what`: `{file}` or `{batch}`. */
export function sshTemplates(world: World, what: "{file}" | "{batch}"): Record<"scp" | "old scp" | "rsync" | "bbcp", Templates> {
  const tool = `${world.directory}/bbcp`;
  const ssh = `ssh -F ${world.sshd!.sshConfigFile} -o BatchMode=yes`;
  const remote = `${ssh} ${world.sshd!.hostAlias} "{command}"`;
  const scp = (options: string): string => `scp ${options} -F ${world.sshd!.sshConfigFile} -Bpq ${what} ${world.sshd!.hostAlias}:{dest}`;
  writeFileSync(tool, bbcp(ssh), { mode: 0o755 });
  return {
    bbcp: { transfer: `${tool} ${what} ${world.sshd!.hostAlias}:{dest}`, remote },
    scp: { transfer: scp(""), remote },
    "old scp": { transfer: scp("-O"), remote },
    rsync: { transfer: `rsync -a -e '${ssh}' ${what} ${world.sshd!.hostAlias}:{dest}/`, remote },
  };
}

type Section = Record<string, unknown>;

/** The world's flow, filled by commands. `staging`: a directory beside the destination. */
export function useCommands(world: World, commands: Section, more: { flow?: Section; destination?: Section } = {}): void {
  const written = JSON.parse(readFileSync(world.place.configFile, "utf8")) as { flows: { world: Section } };
  const staging = stagingOf(world);
  mkdirSync(staging, { recursive: true });
  const destination = { directory: world.destination, inflight: { staging }, lanes: 3, commands, ...more.destination };
  writeFileSync(
    world.place.configFile,
    JSON.stringify({ ...written, flows: { world: { ...written.flows.world, destination, ...more.flow } } }, null, 2),
  );
}

export function stagingOf(world: World): string {
  return `${world.directory}/staging`;
}

/** What is left in the staging directory. */
export function staged(world: World): string[] {
  return readdirSync(stagingOf(world), { encoding: "latin1" });
}
