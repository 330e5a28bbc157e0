import type { Sighting } from "../detect/contract.ts";
import type { OriginSet } from "../fetch/contract.ts";
import type { SubscribedSource } from "../settings.ts";
import { Bases } from "./bases.ts";
import type { Version } from "../version.ts";
import type { Place, Places } from "./places.ts";
import { baseHere, type LocalLooks } from "./source-look.ts";
import type { Now } from "./wanted.ts";

/** Looks at the source of messages, wherever that is: on this machine at once, elsewhere by whoever fetches from there. */
export class Looks {
  readonly bases = new Bases();
  readonly #source: SubscribedSource;
  readonly #origins: OriginSet;

  constructor(source: SubscribedSource, origins: OriginSet) {
    this.#source = source;
    this.#origins = origins;
  }

  isHere(baseUrl: string): boolean {
    return baseHere(this.#source, baseUrl) !== null;
  }

  /** Whether anything was ever found below the base on this machine, or could be. */
  isKnownHere(baseUrl: string): boolean {
    const base = baseHere(this.#source, baseUrl);
    return base !== null && this.bases.absence(base).kind !== "unknown";
  }

  /** Whether a file on this machine is as it was; false also where that takes a closer look. */
  isStill(baseUrl: string, { relPath }: Place, version: Version, local: LocalLooks): boolean {
    const base = baseHere(this.#source, baseUrl);
    return base !== null && local.isStill(base, relPath, version);
  }

  /** Rejects where the source cannot be asked; on this machine it always can. */
  now(baseUrl: string, { path, from }: Places, local: LocalLooks): Now | Promise<Now> {
    const base = baseHere(this.#source, baseUrl);
    if (base === null) return this.#elsewhere(baseUrl, { path, from });
    return {
      path: local.look(base, path.relPath, path.path),
      from: from === null ? null : local.look(base, from.relPath, from.path),
    };
  }

  async #elsewhere(baseUrl: string, { path, from }: Places): Promise<Now> {
    const origin = this.#origins.at(baseUrl);
    const look = async (place: Place): Promise<Now["path"]> => {
      const sighting: Sighting = { ...(await origin.look(place.relPath)), path: place.path };
      return { sighting, absence: { kind: "gone" } };
    };
    const [there, old] = await Promise.all([look(path), from === null ? null : look(from)]);
    return { path: there, from: old };
  }
}
