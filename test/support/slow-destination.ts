import { setTimeout as sleep } from "node:timers/promises";
import type { Files } from "../../src/flow/send/contract.ts";
import { openLocalFiles } from "../../src/flow/send/local/files.ts";

const renaming = ["replace", "remove", "rmdir"] as const satisfies Array<keyof Files>;
type Renaming = (typeof renaming)[number];

/** Every local destination of this process waits before it changes a name, for as long as `before` says. Disposing ends that. */
function waitBefore(before: (act: Renaming, path: string) => Promise<unknown>): Disposable {
  const prototype = Object.getPrototypeOf(openLocalFiles()) as Record<Renaming, (...paths: string[]) => Promise<unknown>>;
  const former = renaming.map((name) => [name, prototype[name]] as const);
  for (const [name, act] of former) {
    prototype[name] = async function (this: unknown, ...paths) {
      await before(name, paths.at(-1)!);
      return await act.apply(this, paths);
    };
  }
  return { [Symbol.dispose]: () => former.forEach(([name, act]) => (prototype[name] = act)) };
}

/** A far destination: what was looked at may be another by the time that it is changed. */
export function slowDestination(paceMs: () => number): Disposable {
  return waitBefore(async () => {
    const waitMs = paceMs();
    if (waitMs > 0) await sleep(waitMs);
  });
}

export type HeldAct = Disposable & {
  /** The first such act has come, and waits. */
  reached: Promise<void>;
  /** It is done now. */
  release(): void;
};

/** The first act of this kind on a name that ends so waits until it is released; the others go on. */
export function holdFirst(act: Renaming, end: string): HeldAct {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let first = true;
  const waiting = waitBefore(async (name, path) => {
    if (!first || name !== act || !path.endsWith(end)) return;
    first = false;
    reached.resolve();
    await gate.promise;
  });
  return {
    reached: reached.promise,
    release: () => gate.resolve(),
    [Symbol.dispose]() {
      gate.resolve();
      waiting[Symbol.dispose]();
    },
  };
}
