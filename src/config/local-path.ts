import { type AbsPath, absPath, type Bytes, bytesOfText, join } from "../kernel/path.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/** Where local paths begin. `settingsDirectory`: where programs keep their configurations, `~/.config`. */
export type LocalBase = { homeDirectory: AbsPath; configurationDirectory: AbsPath; settingsDirectory: AbsPath };

/** As Linux has it (PATH_MAX). */
const PATH_BYTES_MAX = 4096;

/** Says what is wrong with a path before it is known where it begins. */
export function checkPath(text: string): Parsed<string> {
  if (text === "") return bad("the path is empty");
  if (text.includes("\0")) return bad("a path cannot hold a NUL character");
  if (Buffer.byteLength(text) > PATH_BYTES_MAX) return bad(`a path has at most ${PATH_BYTES_MAX} bytes`);
  if (/^~[^/]/.test(text)) return bad("only one's own home can be written with ~", `/home/${text.slice(1)}`);
  return good(text);
}

/** `~/` is the home, a relative path begins in the configuration file's directory. The text was checked by `checkPath`. */
export function resolvePath(text: string, base: LocalBase): AbsPath {
  if (text === "~") return base.homeDirectory;
  return text.startsWith("~/")
    ? absPath(bytesOfText(text.slice(2)), base.homeDirectory)
    : absPath(bytesOfText(text), base.configurationDirectory);
}

/** No shell sees an argument, so a leading `~/` is filled in here, as a shell would. */
export function resolveArgument(text: string, base: LocalBase): string {
  return text.startsWith("~/") ? Buffer.from(join<Bytes>(base.homeDirectory, bytesOfText(text.slice(2))), "latin1").toString("utf8") : text;
}
