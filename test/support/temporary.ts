import { chmod, mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Temporary = AsyncDisposable & { readonly path: string };

const ROOM_BYTES = 512 * 1024 * 1024;

/**
 * A directory of one's own, removed with all that is in it at the end (`HOTDIR_TEST_KEEP=1` keeps it).
 * On tmpfs where that has room, since most tests are about us and not about the disk; `on: "disk"`
 * for those that need what a disk file system does.
 */
export async function makeTemporary(options: { on?: "memory" | "disk" } = {}): Promise<Temporary> {
  const base = options.on !== "disk" && (await hasRoom("/dev/shm")) ? "/dev/shm" : tmpdir();
  const path = await mkdtemp(join(base, "hotdir-test-"));
  // Tests that become another user still have to pass through.
  await chmod(path, 0o755);
  return {
    path,
    async [Symbol.asyncDispose]() {
      if (process.env["HOTDIR_TEST_KEEP"] === "1") console.log(`kept: ${path}`);
      else await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
}

async function hasRoom(directory: string): Promise<boolean> {
  try {
    const facts = await statfs(directory);
    return facts.bavail * facts.bsize > ROOM_BYTES;
  } catch {
    return false;
  }
}
