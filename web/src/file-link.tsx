import type { PathFields } from "./facts.ts";
import type { FileName } from "./overview.tsx";

/** A path that leads to its story. Long ones are cut in the middle by the style sheet: the name stays. */
export function FileLink({ flow, file, open }: { flow: string; file: PathFields; open: (file: FileName) => void }) {
  const shown = visible(file.path);
  const slash = shown.lastIndexOf("/");
  return (
    <button type="button" class="file" title={shown} onClick={() => open({ ...file, flow })}>
      {slash >= 0 && <span class="folder">{shown.slice(0, slash + 1)}</span>}
      <span class="name">{shown.slice(slash + 1)}</span>
    </button>
  );
}

/** Control characters are seen, so that no name can pass for two lines or for another name. */
export function visible(path: string): string {
  return path.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\x${character.codePointAt(0)?.toString(16).padStart(2, "0") ?? ""}`,
  );
}
