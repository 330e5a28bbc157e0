import { writeFileSync } from "node:fs";

/**
 * Has this process found under the name of the program that it stands in for: by `ps`, with its arguments, and by `pidof` and `pgrep`,
 * which would find an interpreter otherwise.
 */
export function nameProcess(program: string, words: readonly string[]): void {
  process.title = [program, ...words].join(" ");
  try {
    // The title set this to its first characters. Where a title has blanks pidof goes by it.
    writeFileSync("/proc/self/comm", program);
  } catch {
    // Without /proc it is found by its title alone.
  }
}
