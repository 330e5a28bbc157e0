import type { Daemon } from "../../daemon/daemon.ts";
import { formatMany } from "../../kernel/readable.ts";

/** Why a run that ends when idle leaves files undone, and what to do about it: a line for each flow that cannot go on. */
export function leftUndone({ flows, set }: Pick<Daemon, "flows" | "set">): string[] {
  const stopped = set.stopped.map(
    (name) => `${name} is stopped, so nobody looked at what it has to deliver; once hotdir runs, 'hotdir start ${name}' runs it again`,
  );
  const waiting = flows.flatMap(({ settings: { name }, state, waiting: files }) => {
    if (state.state === "halted")
      return `${name} is halted: ${state.reason}; look at its source, then 'hotdir resume ${name}' goes on with it as it is`;
    if (state.state !== "paused" || files === 0) return [];
    return `${name} is paused, and ${formatMany(files, "file")} wait: ${state.reason}; 'hotdir status' tells how it stands`;
  });
  return [...waiting, ...stopped];
}
