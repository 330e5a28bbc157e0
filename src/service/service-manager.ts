import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { errnoOf, messageOf } from "../kernel/errors.ts";

const CALL_MS = 60_000;

export type Scope = "user" | "system";
export type Called = { ok: true; stdout: string } | { ok: false; why: string };

/** `systemctl --user enable hotdir.service`: as a person would type it. */
export function systemctl(scope: Scope, args: string[]): string[] {
  return ["systemctl", ...(scope === "user" ? ["--user"] : []), ...args];
}

/** Runs a command to its end, within a bound; never throws. */
export function call(argv: string[], env: Record<string, string | undefined>): Promise<Called> {
  const [program = "", ...args] = argv;
  return new Promise((resolve) => {
    execFile(program, args, { env: { ...env }, timeout: CALL_MS, encoding: "utf8" }, (error, stdout, stderr) => {
      if (error === null) return resolve({ ok: true, stdout });
      const words = stderr.trim().split("\n").at(-1) ?? "";
      resolve({
        ok: false,
        why: errnoOf(error) === "ENOENT" ? `there is no ${program} on this machine` : words === "" ? messageOf(error) : words,
      });
    });
  });
}

/** null: it could not be found out. */
export async function systemdVersion(env: Record<string, string | undefined>): Promise<number | null> {
  const called = await call(["systemctl", "--version"], env);
  const version = called.ok ? /^systemd (\d+)/.exec(called.stdout)?.[1] : undefined;
  return version === undefined ? null : Number(version);
}

/** Whether the user's services begin at boot, and go on when he logs out. null: it could not be found out. */
export async function lingers(user: string, env: Record<string, string | undefined>): Promise<boolean | null> {
  const called = await call(["loginctl", "show-user", user, "--property=Linger"], env);
  if (called.ok && /^Linger=(yes|no)$/m.test(called.stdout)) return called.stdout.includes("Linger=yes");
  if (existsSync(`/var/lib/systemd/linger/${user}`)) return true;
  return null;
}
