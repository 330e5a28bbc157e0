import { type Document, isMap, type Pair, parseDocument, YAMLMap } from "yaml";
import { HotdirError } from "../../kernel/errors.ts";
import type { Translation } from "./translation.ts";

const HEAD = [
  " Made by 'hotdir sr3' of the configurations of sr3; made anew by 'sr3 start' and 'sr3 restart', so that a change here is lost.",
  " Behind each key stand the lines that it comes from.",
].join("\n");

/** The daemon's configuration: what the user has beside the flows (`own`), and the flows of all that was taken, with their comments. null: there is none. */
export function nativeDocument({ configurations }: Translation, own: { text: string; file: string } | null = null): string | null {
  const document = documentWith(own);
  document.commentBefore = HEAD;
  const flows = new YAMLMap();
  for (const [name, { yaml }] of Object.entries(configurations).toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const made = parseDocument(yaml, { strict: false });
    const mapped = made.get("flows");
    if (made.errors.length > 0 || !isMap(mapped))
      throw new HotdirError("internal", {
        operation: `make flows of ${name}`,
        detail: made.errors[0]?.message ?? "there are no flows in it",
      });
    for (const item of mapped.items) add(flows, item, name);
  }
  document.set("flows", flows);
  return flows.items.length === 0 ? null : document.toString({ lineWidth: 0 });
}

function documentWith(own: { text: string; file: string } | null): Document {
  if (own === null) return parseDocument("flows: {}");
  const document = parseDocument(own.text);
  const fault = document.errors[0]?.message ?? (document.contents === null || isMap(document.contents) ? null : "keys are wanted");
  if (fault !== null || document.has("flows"))
    throw new HotdirError("bad-configuration", {
      operation: `read ${own.file}`,
      detail: fault ?? "flows: it is for what stands beside the flows (page, alerts, log); they are made of sr3's configurations",
    });
  return document.contents === null ? parseDocument("flows: {}") : document;
}

function add(flows: YAMLMap, item: Pair, name: string): void {
  if (flows.has(item.key))
    throw new HotdirError("bad-configuration", {
      operation: `make flows of ${name}`,
      detail: `another configuration's flow is called ${String(item.key)} as well: give one of the two files another name`,
    });
  flows.add(item);
}
