import { dirname, isAbsolute, join, relative } from "node:path";
import type { ConfigurationName } from "./configuration-file.ts";

/** Of Linux, with appdirs: `$XDG_CONFIG_HOME/sr3`, else `~/.config/sr3`. */
export function configurationDirectory(env: Readonly<Record<string, string | undefined>>, homeDirectory: string): string {
  return join(env["XDG_CONFIG_HOME"] || join(homeDirectory, ".config"), "sr3");
}

export function configurationPath(root: string, { component, name }: ConfigurationName): string {
  return join(root, component, `${name}.conf`);
}

/** Only one's own `~`, as sr3 fills it in. */
export function expandHome(text: string, homeDirectory: string): string {
  return text === "~" || text.startsWith("~/") ? homeDirectory + text.slice(1) : text;
}

/** Where sr3 looks for an included file: beside the configuration, then in the configuration directory. Its own examples are not here. */
export function includeCandidates(file: string, root: string, component: string, homeDirectory: string): string[] {
  const expanded = expandHome(file, homeDirectory);
  return isAbsolute(expanded) ? [expanded] : [join(root, component, expanded), join(root, expanded)];
}

/** As it is shown: relative to the configuration directory where it is inside. */
export function shownPath(path: string, root: string): string {
  const inside = relative(root, path);
  return inside.startsWith("..") || isAbsolute(inside) ? path : inside;
}

/** `/x/sr3/sender/a.conf` is `sender/a` of `/x/sr3`. */
export function rootOf(file: string): string {
  return dirname(dirname(file));
}
