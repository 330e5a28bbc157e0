import { type ConfigurationName, isComponent } from "../../src/importers/sr3/configuration-file.ts";
import type { Tree } from "../../src/importers/sr3/import-tree.ts";

export type TreeText = Readonly<Record<string, string>>;

/** sr3's configuration directory in memory: by path below it. The machine is bob's. */
export function treeOf(files: TreeText, env: Record<string, string> = {}): Tree {
  const root = "/home/bob/.config/sr3";
  const names = Object.keys(files).flatMap((path): ConfigurationName[] => {
    const [component = "", file = ""] = path.split("/");
    return isComponent(component) && file.endsWith(".conf") ? [{ component, name: file.replace(/\.conf$/, "") }] : [];
  });
  const credentials = files["credentials.conf"];
  return {
    root,
    names,
    files: {
      read: (path) => {
        const text = files[path.replace(`${root}/`, "")];
        return text === undefined ? { kind: "missing" } : { kind: "text", text };
      },
    },
    machine: { env: { HOME: "/home/bob", USER: "bob", ...env }, homeDirectory: "/home/bob", hostname: "loli" },
    credentials: credentials === undefined ? null : { text: credentials, path: `${root}/credentials.conf`, mode: 0o644 },
  };
}
