import { expect, test } from "vitest";
import { runCommand } from "./run-command.ts";

const never = new AbortController().signal;

test("a command that does not end is ended after its bound, with what it said last, whatever its children keep open", async () => {
  const begun = performance.now();
  const stuck = runCommand(["sh", "-c", "trap '' TERM; echo waiting for a licence >&2; sleep 30 & wait; wait"], never, 200);
  await expect(stuck).rejects.toMatchObject({
    code: "accelerator-failed",
    detail: expect.stringMatching(/^it did not end within .*, so it was ended: waiting for a licence$/) as string,
  });
  expect(performance.now() - begun).toBeLessThan(8000);
}, 20_000);

test("a command in time is left alone, and its failure is told in its words", async () => {
  await runCommand(["true"], never, 10_000);
  await expect(runCommand(["sh", "-c", "echo no >&2; exit 3"], never, 10_000)).rejects.toMatchObject({ detail: "exit 3: no" });
  await expect(runCommand(["/no/such/program"], never, 10_000)).rejects.toMatchObject({ code: "accelerator-failed" });
});

test("a command is ended when asked to stop, and not begun after that", async () => {
  const stop = new AbortController();
  const running = runCommand(["sleep", "30"], stop.signal, 60_000);
  stop.abort(new Error("stop"));
  await expect(running).rejects.toThrow("stop");
  expect(() => runCommand(["sleep", "30"], stop.signal, 60_000)).toThrow("stop");
}, 20_000);
