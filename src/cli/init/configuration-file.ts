import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { writeDurably } from "../../kernel/durable-file.ts";
import { errnoOf, HotdirError } from "../../kernel/errors.ts";

const MODE = 0o644;

/** null: there is none yet. */
export function readConfigurationText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** Whole or not at all, and never over anything: the name is given by a link, which refuses where one is. */
export function writeNew(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.new`;
  const descriptor = openSync(draft, "wx", MODE);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
    linkSync(draft, file);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    throw new HotdirError("bad-usage", {
      operation: "init",
      detail: `meanwhile somebody wrote ${file}; it is left as it is`,
      cause: error,
    });
  } finally {
    closeSync(descriptor);
    unlinkSync(draft);
  }
}

/** Through a symlink to the file itself, with its mode. Refused where it is not what was read before. */
export function replaceText(file: string, before: string, after: string): void {
  const real = realpathSync(file);
  const { mode } = statSync(real);
  if (readFileSync(real, "utf8") !== before)
    throw new HotdirError("bad-usage", { operation: "init", detail: `meanwhile somebody changed ${file}; it is left as it is` });
  writeDurably(real, after, mode & 0o777);
}
