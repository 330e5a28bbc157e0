import type { Bytes } from "../../../kernel/path.ts";
import { type Entry, opendirRequest, readdirRequest } from "./directory.ts";
import { violation } from "./fields.ts";
import { closeRequest } from "./open.ts";
import type { Handle } from "./request.ts";
import type { SftpSession } from "./session.ts";

/** READDIRs under way at once: a server gives about a hundred names in each, and a far one takes a round trip for it. */
const READS_AHEAD = 8;

/** A server that never comes to the end must not fill the memory. */
const ENTRIES_MAX = 5_000_000;

/** Everything in the directory but `.` and `..`. */
export async function listDirectory(session: SftpSession, path: Bytes): Promise<Entry[]> {
  const handle = await session.send(opendirRequest(path));
  try {
    const entries: Entry[] = [];
    for (let ended = false; !ended;) {
      const reads = Array.from({ length: entries.length === 0 ? 2 : READS_AHEAD }, () => session.send(readdirRequest(handle, path)));
      for (const some of await settled(reads)) {
        if (some === null || some.length === 0) ended = true;
        else for (const entry of some) if (!isDots(entry.name)) entries.push(entry);
      }
      if (entries.length > ENTRIES_MAX) throw violation(`more than ${ENTRIES_MAX} names in one directory`);
    }
    return entries;
  } finally {
    await closeQuietly(session, handle, path);
  }
}

export async function isEmptyDirectory(session: SftpSession, path: Bytes): Promise<boolean> {
  const handle = await session.send(opendirRequest(path));
  try {
    for (;;) {
      const some = await session.send(readdirRequest(handle, path));
      if (some === null || some.length === 0) return true;
      if (some.some((entry) => !isDots(entry.name))) return false;
    }
  } finally {
    await closeQuietly(session, handle, path);
  }
}

/** Waits for all before it throws the first error, so that none stays behind unobserved. */
async function settled<Result>(promises: Promise<Result>[]): Promise<Result[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

/** A directory handle holds nothing that closing could lose. */
async function closeQuietly(session: SftpSession, handle: Handle, path: Bytes): Promise<void> {
  await session.send(closeRequest(handle, path)).catch(() => {});
}

function isDots(name: Bytes): boolean {
  return name === "." || name === "..";
}
