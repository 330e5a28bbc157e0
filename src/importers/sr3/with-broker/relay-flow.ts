import type { NativeFlow } from "../../native-document.ts";
import type { Remarks } from "../../remark.ts";
import { formatName } from "../configuration-file.ts";
import * as keys from "../flow-keys.ts";
import { expandHome } from "../place-in-tree.ts";
import { clean } from "../poster.ts";
import type { Configuration } from "../reader.ts";
import type { BrokerContext } from "./broker-keys.ts";
import { directoryOf } from "./placed-directory.ts";
import { checkBaseUrl, publicationEntries, publisherOf } from "./publication.ts";
import type { QueueContext } from "./queue.ts";
import { type PlacingRule, routesOf } from "./routes.ts";
import * as source from "./subscription.ts";

/** A shovel or a winnow: messages are passed on, and no file is moved. */
export function relayFlow(
  configuration: Configuration,
  name: string,
  context: BrokerContext & QueueContext,
  remarks: Remarks,
): NativeFlow | null {
  const { effective, component, file } = configuration;
  const subscribe = source.subscribeEntry(configuration, context, remarks);
  const to = publisherOf(configuration);
  if (to === null)
    remarks.error(
      effective.at("post_broker") ?? { file, line: 1 },
      effective.text("post_broker") === null
        ? `${component} needs post_broker`
        : "post_broker: an address such as amqps://user@host/ is wanted",
    );
  const routes = routesOf(configuration, passingOn(configuration, context.homeDirectory), remarks);
  if (subscribe === null || to === null || routes === null) return null;
  const baseUrl = effective.text("post_baseUrl");
  const at = effective.at("post_baseUrl");
  if (baseUrl !== null) checkBaseUrl(configuration, baseUrl, remarks);
  const where = baseUrl === null ? null : { baseUrl, pathPrefix: "", from: at === null ? [] : [at] };
  const sides = { poster: effective, sender: effective };
  if (component === "winnow" && effective.number("nodupe_ttl") <= 0)
    remarks.note(
      effective.at("nodupe_ttl") ?? { file, line: 1 },
      "nodupe_ttl: without it sr3's winnow passes everything on, and so does this",
    );
  return {
    name,
    about: formatName(configuration),
    entries: [
      {
        key: "source",
        value: [
          subscribe,
          ...routes.entries,
          ...source.settleEntry(configuration, remarks),
          ...source.duplicatesEntry(configuration),
          source.propagateEntry(configuration, true),
        ],
      },
      { key: "destination", value: [{ key: "publish", value: publicationEntries(configuration, to, where, context, remarks) }] },
      ...keys.vipEntry(sides, remarks),
      ...keys.logEntry(sides),
    ],
    members: routes.members,
  };
}

/** The path of a message, with what is put in front of it by `directory`, and without post_baseDir. */
function passingOn(configuration: Configuration, homeDirectory: string): PlacingRule {
  const { effective } = configuration;
  const written = effective.text("post_baseDir");
  const base = written === null ? "/" : clean(expandHome(written, homeDirectory));
  return {
    place: (placement) => {
      const placed = directoryOf(placement, configuration, "/", homeDirectory);
      const below =
        base !== "/" && (placed.directory === base || placed.directory.startsWith(`${base}/`))
          ? placed.directory.slice(base.length)
          : placed.directory;
      return { placement: placed.placement, directory: below };
    },
    whole: () => "",
  };
}
