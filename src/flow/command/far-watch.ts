import { HotdirError } from "../../kernel/errors.ts";
import type { Bytes } from "../../kernel/path.ts";
import { tallyOf } from "../ledger/flows.ts";
import type { Space } from "../send/contract.ts";
import { spaceShortage } from "../send/space.ts";
import type { CommandContext } from "./command-context.ts";
import { complaint, spaceFrom, wordOf } from "./command-files.ts";
import type { Told } from "./far-shell.ts";

/** A look is a run of the remote command: not before every round. */
const FRESH_MS = 60_000;

/** Knows whether the far side can take work: its directories are there, and have room. One run of the remote command tells all of it. */
export class FarWatch {
  /** The free space when it was last asked for; null: not known. */
  last: Space | null = null;
  readonly #context: CommandContext;
  #lookedAt: number | null = null;
  #wasShort = false;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** Whether the last answer is young enough, and all was well. */
  get fresh(): boolean {
    return this.#lookedAt !== null && !this.#wasShort && this.#context.clock.steady() - this.#lookedAt < FRESH_MS;
  }

  forget(): void {
    this.#lookedAt = null;
  }

  /**
   * The directories are made at the first use. Once something was delivered, the absence of the destination means that a file system is
   * not mounted, or that somebody moved it: then nothing is made in its place. An error: the far side is to be left alone for now.
   */
  async look(): Promise<HotdirError | null> {
    const { db, flow, layout, shell, settings, clock } = this.#context;
    const [root, staging] = [wordOf(layout.root), wordOf(layout.inflightRoot)];
    const wasThere = tallyOf(db, flow).delivered > 0;
    const [made, staged, room] = await shell().runTogether([
      wasThere ? `[ -d ${root} ]` : `mkdir -p -- ${root}`,
      `mkdir -p -- ${staging}`,
      `df -Pk -- ${root}`,
    ]);
    if (made!.status !== 0) return missing(layout.root, made!);
    if (staged!.status !== 0) return missing(layout.inflightRoot, staged!);
    this.last = spaceFrom(room!);
    this.#lookedAt = clock.steady();
    const shortage = spaceShortage(this.last, settings.destination.keepFree, this.#wasShort);
    this.#wasShort = shortage !== null;
    return shortage === null
      ? null
      : new HotdirError("destination-full", { operation: "check the space of", path: layout.root, detail: shortage });
  }
}

function missing(path: Bytes, { output, status }: Told): HotdirError {
  if (output.trim() === "")
    return new HotdirError("destination-missing", {
      operation: "look for",
      path,
      detail: "it was there before; is its file system mounted? Make the directory to go on",
    });
  const error = complaint("make", path, output, status);
  return error.scope === "file" ? new HotdirError("destination-missing", { operation: "make", path, detail: error.detail ?? "" }) : error;
}
