import { filePlaceOf } from "./file-place.ts";
import { realpathSync } from "node:fs";
import type { Log } from "../kernel/log.ts";
import { errnoOf, HotdirError } from "../kernel/errors.ts";
import { type AbsPath, fsPath, show } from "../kernel/path.ts";
import type { SourceReader } from "./read/source-reader.ts";
import { openLocalFiles } from "./send/local/files.ts";
import type { Place } from "./send/link.ts";
import { connectSftp } from "./send/ssh/connect.ts";
import { openRemoteShell } from "./send/ssh/remote-shell.ts";
import type { DestinationSettings } from "./settings.ts";
import { localReadBack } from "./verify/read-back.ts";

/** The longest that a digest of one file may take. */
const PATIENCE_MS = 24 * 3600_000;

/** How the destination of a flow is reached: over the user's own ssh, or as a local directory. */
export function placeOf(destination: DestinationSettings, reader: SourceReader, log: Log): Place {
  const place = filePlaceOf(destination);
  if (place.kind === "file") {
    return { openLane: async () => openLocalFiles(), openShell: async () => null, readBack: localReadBack(reader) };
  }
  return {
    openLane: (signal) => connectSftp({ ...place, signal, log }),
    openShell: (signal, patient) => openRemoteShell({ ...place, signal, log, ...(patient ? { stallMs: PATIENCE_MS } : {}) }),
    readBack: null,
  };
}

/** Refuses a local destination inside its own source: every delivery would be a new file to deliver. */
export function refuseLoop(root: AbsPath, destination: DestinationSettings): void {
  if (destination.place.kind !== "file") return;
  const target = realPath(destination.place.directory);
  const source = realPath(root);
  if (target === source || target.startsWith(source === "/" ? "/" : `${source}/`)) {
    throw new HotdirError("bad-configuration", {
      operation: "check the destination",
      path: destination.place.directory,
      detail: `it lies inside the source ${show(root)}; name another directory`,
    });
  }
}

/** With all symlinks resolved, as far as the path exists. */
function realPath(path: AbsPath): AbsPath {
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    const there = path.slice(0, end) as AbsPath;
    try {
      const real = realpathSync(fsPath(there), { encoding: "latin1" as BufferEncoding }) as AbsPath;
      return `${real === "/" ? "" : real}${path.slice(end)}` as AbsPath;
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    }
  }
  return path;
}
