import { Origins, type OriginsOptions } from "../../src/flow/fetch/origins.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";

export function makeOrigins(options: Partial<OriginsOptions> = {}): Origins {
  return new Origins({
    ssh: ["ssh"],
    authorize: async () => null,
    clock: systemClock(),
    log: silentLog,
    back: () => undefined,
    ...options,
  });
}
