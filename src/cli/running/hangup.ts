import type { CliContext } from "../command.ts";

export type Hangup = {
  /** From now on, and for what was asked before; until it is disposed of. */
  begin: (reload: () => Promise<unknown>) => Disposable;
};

/**
 * On a terminal SIGHUP says that it was closed, which ends the daemon as ever; elsewhere it is how a service is told to
 * reload. From here to the end of the process it ends nothing: before there is a daemon it waits, and who stops does not reload.
 */
export function awaitHangup({ stdin }: Pick<CliContext, "stdin">): Hangup {
  let wanted = false;
  let reload: (() => Promise<unknown>) | null = null;
  const go = (): void => {
    wanted = true;
    // What became of it is in the log.
    void reload?.().catch(() => undefined);
  };
  if (!stdin.isTTY) process.on("SIGHUP", go);
  return {
    begin(begun) {
      reload = begun;
      if (wanted) go();
      return { [Symbol.dispose]: () => void (reload = null) };
    },
  };
}
