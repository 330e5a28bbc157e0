import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type ForeignRow, ForeignTable } from "../support/foreign-table.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World, type WorldOptions } from "../support/world.ts";
import { configure } from "./engine-world.ts";

/** A program that knows nothing of hotdir and writes rows as the original does; orders in, answers out. */
export class Producer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(database: string) {
    const program = fileURLToPath(new URL("../programs/suprsync-producer.py", import.meta.url));
    this.#child = spawn("python3", [program, database], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async ask(order: object): Promise<Record<string, unknown>> {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the producer ended");
    return JSON.parse(value) as Record<string, unknown>;
  }

  async rows(): Promise<ForeignRow[]> {
    return (await this.ask({ do: "rows" }))["rows"] as ForeignRow[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin!.end();
    if (this.#child.exitCode === null) await new Promise((resolve) => this.#child.once("exit", resolve));
  }
}

export type TableWorld = World & { database: string };

export async function makeTableWorld(options: WorldOptions & { table?: object } = {}): Promise<TableWorld> {
  const world = await makeWorld(options);
  const database = `${world.directory}/suprsync.db`;
  configure(world, (flow) => ({
    world: {
      ...flow,
      source: { table: { database, where: { archive_name: "data" }, poll: "100ms", ...options.table }, rescan: "2s" },
      destination: { ...flow.destination, verify: "md5" },
      retry: { attempts: 3, backoff: "100ms..200ms" },
      ...(options.flow?.retain === undefined ? {} : { retain: options.flow.retain }),
    },
  }));
  return Object.assign(world, { database });
}

export function makeFile(world: World, name: string, content: string): string {
  const path = `${world.directory}/made/${name}`;
  mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  writeFileSync(path, content);
  return path;
}

export async function rowsAre(world: TableWorld, what: string, wanted: (rows: ForeignRow[]) => boolean): Promise<ForeignRow[]> {
  using table = new ForeignTable(world.database);
  let rows: ForeignRow[] = [];
  return await waitUntil(what, async () => (wanted((rows = table.rows())) ? rows : null), {
    timeoutMs: 20_000,
    everyMs: 100,
    explain: () => `${JSON.stringify(rows)}\n${world.hotdir.log()}`,
  });
}

export const isVerified = (row: ForeignRow): boolean => row.remote_md5sum === row.local_md5sum;
