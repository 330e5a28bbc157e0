import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { DatabaseSync } from "node:sqlite";
import { hotdirProgram, type Outcome } from "./daemon.ts";
import { makeTemporary } from "./temporary.ts";
import { waitUntil } from "./waiting.ts";

type Section = Record<string, unknown>;

/** A site with a buffer, a storage and the endpoint manager's tables, which are made and read with SQL of the original's, not with ours. */
export type Endpoint = AsyncDisposable & {
  path: string;
  buffer: string;
  storage: string;
  database: string;
  /** Writes `NAME.yaml` with the database's section and the given ones. */
  configure: (name: string, sections: Section) => string;
  finder: (changes?: Section) => string;
  /** `script` of sh: the files are its arguments. */
  ingester: (script: string, changes?: Section) => string;
  /** To its end. */
  run: (...args: string[]) => Promise<Outcome>;
  /** Started, and left to run; its log is `log()`. */
  start: (...args: string[]) => ChildProcess;
  end: (child: ChildProcess, signal: NodeJS.Signals) => Promise<number | null>;
  log: () => string;
  sql: <T extends Section>(sql: string, ...values: Array<string | number>) => T[];
  until: (what: string, sql: string, wanted: unknown) => Promise<void>;
};

/** As SQLAlchemy makes them of the original's declarations. */
export const originalTables = `
CREATE TABLE files (id INTEGER NOT NULL, relpath VARCHAR NOT NULL, filename VARCHAR NOT NULL, checksum VARCHAR NOT NULL,
  size_bytes INTEGER NOT NULL, added_on DATETIME NOT NULL, PRIMARY KEY (id), UNIQUE (filename), UNIQUE (checksum));
CREATE TABLE file_events (ingest_ver VARCHAR, start_time DATETIME NOT NULL, duration DATETIME, err_message TEXT, status VARCHAR(8),
  files_id INTEGER NOT NULL, PRIMARY KEY (start_time, files_id), FOREIGN KEY(files_id) REFERENCES files (id));`;

/** The original's own question: the newest event of each file, by name. */
export const newestStatus = `SELECT f.filename, e.status FROM files f JOIN file_events e ON e.files_id = f.id
  JOIN (SELECT files_id, MAX(start_time) AS last FROM file_events GROUP BY files_id) t ON t.files_id = e.files_id AND t.last = e.start_time
  ORDER BY f.filename`;

export async function makeEndpoint(): Promise<Endpoint> {
  const temporary = await makeTemporary();
  const { path } = temporary;
  const [buffer, storage, database, logFile] = [`${path}/buffer`, `${path}/storage`, `${path}/endpoint.db`, `${path}/log`];
  for (const directory of [buffer, storage, `${path}/home`]) mkdirSync(directory);
  writeFileSync(logFile, "");
  const sqlite = new DatabaseSync(database, { timeout: 10_000 });
  sqlite.exec(originalTables);
  const children = new Set<ChildProcess>();
  const env = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    LANG: "C.UTF-8",
    HOME: `${path}/home`,
    HOTDIR_STATE_DIR: `${path}/state`,
    XDG_CONFIG_HOME: `${path}/home/.config`,
    XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? `${homedir()}/.cache`,
  };
  const begin = (args: string[], output: "pipe" | number): ChildProcess => {
    const child = spawn(hotdirProgram, args, { env, cwd: path, stdio: ["ignore", output, output] });
    children.add(child);
    return child;
  };
  const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, "exit");
    }
    children.delete(child);
    return child.exitCode;
  };
  const site: Endpoint = {
    path,
    buffer,
    storage,
    database,
    configure(name, sections) {
      const tablenames = { file: { schema: null, table: "files" }, event: { schema: null, table: "file_events" } };
      const file = `${path}/${name}.yaml`;
      writeFileSync(file, JSON.stringify({ database: { engine: `sqlite:///${database}`, tablenames, echo: false }, ...sections }, null, 1));
      return file;
    },
    finder: (changes = {}) =>
      site.configure("finder", {
        finder: {
          source: buffer,
          storage,
          actions: { standard: "Move", alternative: "Delete" },
          search: { method: "scan", exclude_list: [String.raw`\.tmp$`] },
          pause: 1,
          ...changes,
        },
      }),
    ingester(script, changes = {}) {
      writeFileSync(`${path}/ingest.sh`, `#!/bin/sh\n${script}\n`);
      chmodSync(`${path}/ingest.sh`, 0o755);
      const plugin = { name: "Command", config: { command: [`${path}/ingest.sh`], version: "1.2" } };
      return site.configure("ingester", { ingester: { storage, plugin, daemon: false, pause: 1, ...changes } });
    },
    async run(...args) {
      const child = begin(args, "pipe");
      let [stdout, stderr] = ["", ""];
      child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      const [status, signal] = (await once(child, "close", { signal: AbortSignal.timeout(60_000) })) as [
        number | null,
        NodeJS.Signals | null,
      ];
      children.delete(child);
      return { status, signal, stdout, stderr };
    },
    start(...args) {
      const log = openSync(logFile, "a");
      const child = begin(args, log);
      closeSync(log);
      return child;
    },
    end,
    log: () => readFileSync(logFile, "utf8").split("\n").slice(-40).join("\n"),
    sql: <T extends Section>(sql: string, ...values: Array<string | number>) => sqlite.prepare(sql).all(...values) as unknown as T[],
    until: async (what, sql, wanted) => {
      const seen = (): unknown => site.sql(sql).map((row) => Object.values(row));
      await waitUntil(what, () => JSON.stringify(seen()) === JSON.stringify(wanted), {
        timeoutMs: 20_000,
        everyMs: 100,
        explain: () => `last: ${JSON.stringify(seen())}\n${site.log()}`,
      });
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) await end(child, "SIGKILL");
      sqlite.close();
      await temporary[Symbol.asyncDispose]();
    },
  };
  return site;
}
