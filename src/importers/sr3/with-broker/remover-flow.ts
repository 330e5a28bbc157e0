import type { NativeFlow } from "../../native-document.ts";
import type { Remarks } from "../../remark.ts";
import { formatName } from "../configuration-file.ts";
import * as keys from "../flow-keys.ts";
import { expandHome } from "../place-in-tree.ts";
import { plugins } from "../plugins.ts";
import { clean } from "../poster.ts";
import type { Configuration } from "../reader.ts";
import type { ReceiverContext } from "./receiver-flow.ts";
import { type PlacingRule, routesOf } from "./routes.ts";
import * as source from "./subscription.ts";

/** A subscribe that downloads nothing, and removes: `download off` with `delete_source on`. */
export function isRemover({ component, effective }: Configuration): boolean {
  return (component === "subscribe" || component === "sarra") && !effective.flag("download") && effective.flag("delete_source");
}

/** What messages tell of goes from baseDir, where it is what they tell of. */
export function removerFlow(configuration: Configuration, name: string, context: ReceiverContext, remarks: Remarks): NativeFlow | null {
  const { effective, file } = configuration;
  const subscribe = source.subscribeEntry(configuration, context, remarks);
  const baseDir = effective.text("baseDir");
  const at = effective.at("baseDir");
  for (const { name: plugin, at: where, fate } of plugins(configuration))
    if (fate === null)
      remarks.error(
        where,
        `callback ${plugin}: what it did with each file before it was removed is not done here, so that nothing may be removed`,
      );
  if (baseDir === null || at === null) remarks.error({ file, line: 1 }, "it removes files, and names no baseDir where they are");
  // Where files go does not matter to one that moves none.
  const rule: PlacingRule = { place: (placement) => ({ placement: { ...placement, mirror: true }, directory: "" }), whole: () => "" };
  const routes = routesOf(configuration, rule, remarks);
  if (subscribe === null || baseDir === null || at === null || routes === null) return null;
  const sides = { poster: effective, sender: effective };
  const deleted = [effective.at("delete_source"), at].filter((one) => one !== null);
  remarks.note(
    effective.at("delete_source"),
    "delete_source: a file goes only while it has the digest of its message; what has none, or another, stays",
  );
  return {
    name,
    about: formatName(configuration),
    entries: [
      { key: "source", value: [subscribe, ...routes.entries, ...source.settleEntry(configuration, remarks)] },
      {
        key: "destination",
        value: [{ key: "remove", value: [{ key: "directory", value: clean(expandHome(baseDir, context.homeDirectory)) }], from: deleted }],
      },
      ...keys.vipEntry(sides, remarks),
      ...keys.logEntry(sides),
    ],
    members: routes.members,
  };
}
