import { statSync } from "node:fs";

/**
 * Waits for `DIRECTORY/PREFIX0`, `PREFIX1` ... up to `COUNT` files, one after the other, and sends when each
 * was first seen (the monotonic clock that all processes share, ns). Looks every 0.2 ms: often enough to
 * measure milliseconds, and without taking a core from what is measured.
 */
const LOOK_EVERY_MS = 0.2;
const PATIENCE_MS = 30_000;

const [prefix = "", count = "0"] = process.argv.slice(2);
const pause = new Int32Array(new SharedArrayBuffer(4));

process.on("disconnect", () => process.exit(0));
process.send?.({ message: "watching" }, () => process.send?.({ message: "arrivals", ns: watch().map(String) }));

/** Fewer than `count` where one did not come in time. */
function watch(): bigint[] {
  const arrivals: bigint[] = [];
  for (let at = 0; at < Number(count); at++) {
    const endMs = performance.now() + PATIENCE_MS;
    while (statSync(`${prefix}${at}`, { throwIfNoEntry: false }) === undefined) {
      if (performance.now() > endMs) return arrivals;
      Atomics.wait(pause, 0, 0, LOOK_EVERY_MS);
    }
    arrivals.push(process.hrtime.bigint());
  }
  return arrivals;
}
