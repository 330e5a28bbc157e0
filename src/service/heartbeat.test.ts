import fc from "fast-check";
import { expect, test } from "vitest";
import { HeartbeatWatch, takeHeartbeat } from "./heartbeat.ts";

test("who beats is never found silent, however the looks fall", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (beats) => {
      const watch = new HeartbeatWatch({ first: 1000, later: 3 });
      let silent = 0;
      let began = false;
      for (const beat of beats) {
        if (beat) watch.beat();
        began ||= beat;
        silent = beat ? 0 : silent + 1;
        expect(watch.look()).toBe(silent >= (began ? 3 : 1000));
      }
    }),
  );
});

test("a daemon that opens a large ledger has longer until its first beat", () => {
  const watch = new HeartbeatWatch({ first: 600, later: 30 });
  const silentLooks = (): number => {
    for (let looks = 1; ; looks++) if (watch.look()) return looks;
  };
  expect(silentLooks()).toBe(600);
  watch.beat();
  expect(watch.look()).toBe(false);
  expect(silentLooks()).toBe(30);
});

test("without a supervisor there is no heartbeat, and a variable that leads nowhere is none", () => {
  for (const value of [undefined, "", "0", "x", "999"]) {
    const env: Record<string, string | undefined> = value === undefined ? {} : { HOTDIR_HEARTBEAT_FD: value };
    expect(takeHeartbeat(env)).toBe(null);
    expect(env).toEqual({});
  }
});
