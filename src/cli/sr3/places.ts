import { join } from "node:path";
import { configurationDirectory } from "../../importers/sr3/place-in-tree.ts";
import type { CliContext } from "../command.ts";

/** Where things of sr3 are, and ours for them. */
export type Places = {
  /** sr3's configuration directory, which is only read (and edited by its owner). */
  root: string;
  /** sr3's own state: queue names and flags of configurations that are switched off. */
  cache: string;
  /** A state directory of its own: a daemon and a ledger for all configurations. */
  state: string;
  /** What the configurations come to; the daemon reads it. */
  yaml: string;
  /** The user's own keys beside the flows: the page, alerts, the log. It need not be there. */
  own: string;
};

export function placesOf({ env, homeDirectory }: Pick<CliContext, "env" | "homeDirectory">): Places {
  const state = join(env["HOTDIR_STATE_DIR"] || join(env["XDG_STATE_HOME"] || join(homeDirectory, ".local", "state"), "hotdir"), "sr3");
  return {
    root: configurationDirectory(env, homeDirectory),
    cache: join(env["XDG_CACHE_HOME"] || join(homeDirectory, ".cache"), "sr3"),
    state,
    yaml: join(state, "hotdir.yaml"),
    own: join(env["XDG_CONFIG_HOME"] || join(homeDirectory, ".config"), "hotdir", "sr3.yaml"),
  };
}
