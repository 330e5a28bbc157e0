import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type AgentArguments, SuprsyncAgent } from "./suprsync-agent.ts";
import { SuprsyncProducer, type SuprsyncRow } from "./suprsync-producer.ts";
import { startSshd, type TestSshd } from "./sshd.ts";
import { makeTemporary } from "./temporary.ts";

/** A machine with instruments, SupRsync's database and its agents, and a cluster that they copy to. */
export type SuprsyncWorld = AsyncDisposable & {
  readonly directory: string;
  readonly database: string;
  readonly sshd: TestSshd;
  /** Below it, one directory for each archive. */
  readonly destination: string;
  /** A producer of one's own: one order at a time. */
  producer(): SuprsyncProducer;
  /** Does not start it. */
  agent(archive: string, more?: AgentArguments): SuprsyncAgent;
  /** Writes a local file, and gives what a producer registers it with. */
  write(archive: string, remotePath: string, content: Buffer): Written;
  /** What the destination holds for a row; null: nothing. */
  arrived(row: Pick<SuprsyncRow, "archive_name" | "remote_path">): string | null;
};

export type Written = { local_path: string; remote_path: string; archive_name: string; local_md5sum: string };

export async function makeSuprsyncWorld(): Promise<SuprsyncWorld> {
  await using undo = new AsyncDisposableStack();
  const temporary = undo.use(await makeTemporary());
  const directory = temporary.path;
  const database = join(directory, "dbs/suprsync.db");
  const destination = join(directory, "destination");
  for (const path of [dirname(database), destination, join(directory, "home"), join(directory, "data")]) mkdirSync(path);
  const sshd = undo.use(await startSshd());
  const held = undo.move();
  let files = 0;
  return {
    directory,
    database,
    sshd,
    destination,
    producer: () => held.use(new SuprsyncProducer(database)),
    agent: (archive, more = {}) =>
      held.use(
        new SuprsyncAgent({
          directory,
          name: archive,
          sshConfigFile: sshd.sshConfigFile,
          arguments: {
            "--archive-name": archive,
            "--remote-basedir": join(destination, archive),
            "--db-path": database,
            "--ssh-host": sshd.hostAlias,
            "--suprsync-file-root": join(directory, "suprsync"),
            "--instance-id": `${archive}-sync`,
            "--sleep-time": "1",
            ...more,
          },
        }),
      ),
    write(archive, remotePath, content) {
      files++;
      const local = join(directory, "data", `${files}.g3`);
      writeFileSync(local, content);
      return { local_path: local, remote_path: remotePath, archive_name: archive, local_md5sum: md5(content) };
    },
    arrived({ archive_name: archive, remote_path: path }) {
      try {
        return md5(readFileSync(join(destination, archive, path)));
      } catch {
        return null;
      }
    },
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}

function md5(content: Buffer): string {
  return createHash("md5").update(content).digest("hex");
}
