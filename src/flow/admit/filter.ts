import { type RelPath, textOf } from "../../kernel/path.ts";
import type { SourceSettings } from "../settings.ts";

/** Why a path is not to be sent; null: it is. Reject wins; an empty accept list takes all. */
export function rejection(path: RelPath, source: Pick<SourceSettings, "accept" | "reject" | "settle">): string | null {
  const text = textOf(path);
  const rejecting = source.reject.find((pattern) => pattern.test(text));
  if (rejecting !== undefined) return `reject: ${rejecting.source}`;
  if (source.settle.kind === "marker" && path.endsWith(source.settle.suffix)) return `it is a marker (${source.settle.suffix})`;
  if (source.accept.length > 0 && !source.accept.some((pattern) => pattern.test(text))) return "no accept pattern matches";
  return null;
}
