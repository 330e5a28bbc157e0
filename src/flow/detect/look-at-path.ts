import { AT_CWD } from "../../kernel/native.ts";
import type { AbsPath, RelPath } from "../../kernel/path.ts";
import type { Sighting } from "./contract.ts";
import { lookAt } from "./look.ts";

/** One look at one path, by whoever names it (`hotdir post`): as if its writer had just closed it, unless a lease tells that somebody still writes. `follow`: a symlink to a file is told as that file. */
export function lookAtPath(absolute: AbsPath, path: RelPath, follow: boolean): Sighting {
  const look = lookAt({ dirFd: AT_CWD, name: absolute, path, how: "event", leases: true, closed: true, follow });
  switch (look.kind) {
    case "nothing":
      return { kind: "gone", path, directory: false };
    case "directory":
      return { kind: "directory", path, mode: look.mode };
    case "seen":
      return unclosed(look.sighting);
  }
}

/** Nobody has closed it; it was only named. */
function unclosed(sighting: Sighting): Sighting {
  if (sighting.kind !== "file") return sighting;
  const { path, version, mode, links, writer, how } = sighting;
  return { kind: "file", path, version, mode, links, writer, how };
}
