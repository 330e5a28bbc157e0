import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname, join } from "node:path";
import { withShortPath } from "../kernel/short-path.ts";
import { errnoOf } from "../kernel/errors.ts";

const PORTS_TRIED = 10;

/** `address`: as a browser takes it, or `unix:PATH`. */
export type Listening = { address: string; close: () => void };

/** The wished port, or the next free one of ten. Rejects with the first failure that is not a port in use, or the last. */
export async function listenTcp(server: Server, host: string, port: number): Promise<Listening> {
  const last = Math.min(65_535, port + PORTS_TRIED - 1);
  for (let tried = port; ; tried++) {
    try {
      await listen(server, (ready) => server.listen({ host, port: tried }, ready));
      return { address: `http://${host.includes(":") ? `[${host}]` : host}:${tried}/`, close: () => undefined };
    } catch (error) {
      if (errnoOf(error) !== "EADDRINUSE" || tried === last) throw error;
    }
  }
}

/**
 * Comes under its name by a rename when only its owner can open it, and takes the place of one that a killed daemon left.
 * Rejects where something else is there, or somebody answers.
 */
export async function listenUnix(server: Server, path: string): Promise<Listening> {
  await refuseOccupied(path);
  const nursery = mkdtempSync(join(dirname(path), ".hotdir-"));
  try {
    const born = join(nursery, "s");
    await withShortPath(born, (short) => listen(server, (ready) => server.listen(short, ready)));
    chmodSync(born, 0o600);
    const { dev, ino } = lstatSync(born);
    renameSync(born, path);
    return { address: `unix:${path}`, close: () => removeOurs(path, { dev, ino }) };
  } finally {
    rmSync(nursery, { recursive: true, force: true });
  }
}

/** Another process may have taken the place meanwhile; its socket stays. */
function removeOurs(path: string, ours: { dev: number; ino: number }): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.dev === ours.dev && there.ino === ours.ino) rmSync(path, { force: true });
}

async function refuseOccupied(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isSocket()) throw new Error(`${path} is there already, and is no socket`);
  if (await withShortPath(path, answers)) throw new Error(`${path} is served by another process`);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

function listen(server: Server, start: (ready: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(error);
    server.once("error", fail);
    start(() => {
      server.off("error", fail);
      resolve();
    });
  });
}
