import { expect, test } from "vitest";
import { describeEnd, movedBytes, runCommand } from "./run-command.ts";

const never = new AbortController().signal;
const sh = (script: string): string[] => ["sh", "-c", script];

test("a command that does not end is ended after its bound, with all that it began, and its last words are kept", async () => {
  const begun = performance.now();
  const end = await runCommand(sh("trap '' TERM; echo waiting for a licence >&2; sleep 30 & wait; wait"), {
    signal: never,
    stillMs: null,
    boundMs: 200,
  });
  expect(end).toMatchObject({ late: true, words: ["waiting for a licence"], exit: { kind: "signal", signal: "SIGKILL" } });
  expect(describeEnd(end, "it took too long")).toBe("it took too long, so it was ended: waiting for a licence");
  expect(performance.now() - begun).toBeLessThan(8000);
}, 20_000);

test("a command in time is left alone, and its end is told in its words", async () => {
  const run = { signal: never, stillMs: 10_000, reads: true };
  expect(await runCommand(["printf", "a b"], run)).toMatchObject({ exit: { kind: "status", status: 0 }, stdout: Buffer.from("a b") });
  expect(describeEnd(await runCommand(sh("echo no >&2; exit 3"), run), "")).toBe("exit 3: no");
  expect(describeEnd(await runCommand(["/no/such/program"], run), "")).toBe("it could not be started: ENOENT");
});

test("time counts only while nothing moves, in the command or in what it began", async () => {
  const busy = await runCommand(sh("for n in 1 2 3 4 5 6 7 8; do (sleep 0.2; head -c 100000 /dev/zero >/dev/null); done"), {
    signal: never,
    stillMs: 900,
  });
  expect(busy).toMatchObject({ late: false, exit: { status: 0 } });
  const still = await runCommand(["sleep", "30"], { signal: never, stillMs: 300 });
  expect(still).toMatchObject({ late: true, exit: { kind: "signal", signal: "SIGTERM" } });
  expect(still.tookMs).toBeLessThan(3000);
}, 20_000);

test("what no process has moved cannot be seen", () => {
  expect(movedBytes(process.pid)).toBeGreaterThan(0);
  expect(movedBytes(2 ** 22 + 1)).toBeNull();
});

test("a command is ended when asked to stop, and not begun after that", async () => {
  const stop = new AbortController();
  const run = { signal: stop.signal, stillMs: null };
  const running = runCommand(["sleep", "30"], run);
  stop.abort(new Error("stop"));
  await expect(running).rejects.toThrow("stop");
  expect(() => runCommand(["sleep", "30"], run)).toThrow("stop");
}, 20_000);
