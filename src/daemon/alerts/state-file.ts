import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { errnoOf } from "../../kernel/errors.ts";
import { AlertState } from "./decide.ts";

export const ways = ["command", "webhook"] as const;
export type Way = (typeof ways)[number];

/** `token`: marks the messages of this state directory. */
export const AlertFile = z.strictObject({
  version: z.literal(1),
  token: z.string(),
  ways: z.strictObject({ command: AlertState, webhook: AlertState }),
});
export type AlertFile = z.infer<typeof AlertFile>;

export function alertFile(stateDirectory: string): string {
  return join(stateDirectory, "alerts.json");
}

/** null: there is none yet. Throws where it cannot be read, or is none of ours. */
export function readAlertFile(stateDirectory: string): AlertFile | null {
  try {
    return AlertFile.parse(JSON.parse(readFileSync(alertFile(stateDirectory), "utf8")));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** Whole or not at all, whenever the process is killed. */
export function writeAlertFile(stateDirectory: string, file: AlertFile): void {
  const path = alertFile(stateDirectory);
  const descriptor = openSync(`${path}.new`, "w", 0o600);
  try {
    writeSync(descriptor, JSON.stringify(file));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(`${path}.new`, path);
}
