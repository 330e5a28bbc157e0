import type { DestinationSettings } from "../settings.ts";
import type { Space } from "./contract.ts";

/** To begin again, this much more than the mark must be free, so that a flow does not start and stop at the edge. */
const HYSTERESIS = 1.1;

/** Why the destination is to be left alone for now; null: there is room. Pure. */
export function spaceShortage(space: Space | null, keepFree: DestinationSettings["keepFree"], wasShort: boolean): string | null {
  if (space === null || space.totalBytes === 0) return null;
  const mark = keepFree.kind === "percent" ? (space.totalBytes * keepFree.percent) / 100 : keepFree.bytes;
  const wanted = wasShort ? mark * HYSTERESIS : mark;
  if (space.freeBytes < wanted)
    return `${mebibytes(space.freeBytes)} free of ${mebibytes(space.totalBytes)}, ${mebibytes(wanted)} are to stay free (keep_free)`;
  if (space.totalFiles > 0 && space.freeFiles < (wasShort ? 100 : 10)) return `no free inodes (${space.freeFiles} of ${space.totalFiles})`;
  return null;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024).toLocaleString("en")} MiB`;
}
