import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { errnoOf, messageOf } from "../kernel/errors.ts";
import { FILE_BYTES_MAX } from "./document.ts";
import { type Loaded, type LoadOptions, parseConfiguration } from "./parse.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/** Reads a configuration file. A file that cannot be read is a fault as well; nothing is thrown. */
export function loadConfiguration(file: string, options: LoadOptions): Loaded {
  const read = readText(file);
  if (read.ok) return parseConfiguration(read.value, file, options);
  return { ok: false, faults: [{ file, line: 1, column: 1, path: "", where: "", message: read.message, excerpt: null }] };
}

function readText(file: string): Parsed<string> {
  let handle: number | undefined;
  try {
    // Without O_NONBLOCK a fifo would keep us waiting for ever.
    handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    return readHandle(handle);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return bad("there is no such file; `hotdir init` writes one");
    return bad(errnoOf(error) === "EACCES" ? "the file may not be read by this user" : `the file cannot be read: ${messageOf(error)}`);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** At most one byte more than is taken, whatever the size says. */
function readHandle(handle: number): Parsed<string> {
  const stat = fstatSync(handle);
  if (!stat.isFile()) return bad(stat.isDirectory() ? "this is a directory, not a configuration file" : "this is no regular file");
  const buffer = Buffer.alloc(FILE_BYTES_MAX + 1);
  let length = 0;
  for (;;) {
    const bytesRead = readSync(handle, buffer, length, buffer.length - length, null);
    length += bytesRead;
    if (length > FILE_BYTES_MAX) return bad(`the file is larger than ${FILE_BYTES_MAX / 1024} KiB: this is no configuration`);
    if (bytesRead === 0) return decode(buffer.subarray(0, length));
  }
}

function decode(bytes: Uint8Array): Parsed<string> {
  try {
    return good(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return bad("the file is not UTF-8 text");
  }
}
