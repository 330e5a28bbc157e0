import type { Poster } from "./poster.ts";
import { expandHome } from "./place-in-tree.ts";
import type { Sender } from "./sender.ts";
import type { Placement } from "./values.ts";

/** The directory at the destination that the source's directory becomes: absolute, or relative to the login directory. */
export type Placed = { kind: "directory"; directory: string } | { kind: "refused"; message: string };

/**
 * As sr3 places a file whose message has the path `relative` + its path below the source.
 * What sr3 would not make a copy of the tree with is refused: files would arrive elsewhere.
 */
export function place(placement: Placement, relative: string, poster: Poster, sender: Sender, homeDirectory: string): Placed {
  const { strip, flatten, filename, mirror } = placement;
  if (flatten !== "/") return refused("flatten gives files other names, which a flow does not do");
  if (filename !== null && !["None", "NONE"].includes(filename))
    return refused(`filename ${filename} gives files other names, which a flow does not do`);
  if (strip.kind === "pattern") return refused("strip with an expression changes each path in its own way, which a flow does not do");
  const above = relative.split("/").filter((part) => part !== "");
  if (strip.count > above.length)
    return refused(
      `strip ${strip.count} takes away directories below the source (all files have ${above.length} in common), which a flow does not do`,
    );
  const isFlat = !poster.configuration.effective.flag("recursive");
  if (!mirror && !isFlat)
    return refused("mirror off puts the files of all directories into one, which a flow does not do: it keeps the directories");
  const written = placement.directory ?? sender.postBaseDir ?? "/";
  const root = fill(written, poster, sender);
  if (root === null) return refused(`directory ${written} depends on each message, which a flow's does not`);
  const parts = mirror ? withoutBase(above.slice(strip.count), sender.baseDir) : [];
  return { kind: "directory", directory: [expandHome(root, homeDirectory).replace(/\/+$/, ""), ...parts].join("/") || "/" };
}

function refused(message: string): Placed {
  return { kind: "refused", message };
}

function withoutBase(parts: string[], baseDir: string | null): string[] {
  const base = (baseDir ?? "").split("/").filter((part) => part !== "");
  return base.length > 0 && base.every((part, at) => parts[at] === part) ? parts.slice(base.length) : parts;
}

/** What is the same for all messages of one poster. null: something is not. */
function fill(text: string, poster: Poster, sender: Sender): string | null {
  const urlPath = poster.baseUrl.replace(/^[a-z]+:(?:\/\/[^/]*)?/i, "");
  const source = poster.configuration.effective.text("source") ?? poster.broker?.user ?? null;
  const known: Record<string, string | null> = {
    BD: sender.baseDir,
    PBD: sender.postBaseDir,
    BUP: urlPath,
    baseUrlPath: urlPath,
    BUPL: urlPath.split("/").at(-1) ?? "",
    baseUrlPathLast: urlPath.split("/").at(-1) ?? "",
    SOURCE: source,
  };
  let whole = true;
  const filled = text.replaceAll(/\$\{([^{}]*)\}/g, (_, name: string) => {
    const value = Object.hasOwn(known, name) ? (known[name] ?? null) : null;
    if (value === null) whole = false;
    return value ?? "";
  });
  return whole ? filled : null;
}
