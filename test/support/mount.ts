import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";

export const isRoot = process.getuid?.() === 0;

export type Mount = AsyncDisposable & {
  resize(size: string): void;
  unmount(): void;
};

/** A tmpfs of its own over a directory; needs root. `size` as mount takes it: `4m`. */
export function mountTmpfs(directory: string, size: string): Mount {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=0755`, "hotdir-test", directory]);
  chmodSync(directory, 0o755);
  let mounted = true;
  const unmount = (): void => {
    // Lazily: somebody may still look into it, which is what the tests are about.
    if (mounted) execFileSync("umount", ["-l", directory]);
    mounted = false;
  };
  return {
    resize: (next) => void execFileSync("mount", ["-o", `remount,size=${next}`, directory]),
    unmount,
    [Symbol.asyncDispose]: async () => unmount(),
  };
}
