import { spawn } from "node:child_process";
import { once } from "node:events";
import { type NotifySocket, openNotifySocket } from "./notify-socket.ts";
import type { World } from "./world.ts";

export type UnitProcess = AsyncDisposable & { readonly pid: number; readonly socket: NotifySocket; stop(): Promise<number | null> };

/** Starts what the unit's ExecStart says, with the variables that systemd would set. Its words must need no quotes. */
export async function spawnAsUnit(world: World): Promise<UnitProcess> {
  const { stdout } = await world.hotdir.ask("service", "install", "--print");
  const [program = "", ...args] = (/^ExecStart=(.*)$/m.exec(stdout)?.[1] ?? "").split(" ");
  const socket = await openNotifySocket(`${world.directory}/unit-notify`);
  const child = spawn(program, args, {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: world.place.home,
      NOTIFY_SOCKET: socket.address,
      WATCHDOG_USEC: "60000000",
      INVOCATION_ID: "0123456789abcdef0123456789abcdef",
    },
  });
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  };
  return {
    pid: child.pid ?? -1,
    socket,
    stop: async () => stop("SIGTERM"),
    async [Symbol.asyncDispose]() {
      await stop("SIGKILL");
      await socket[Symbol.asyncDispose]();
    },
  };
}
