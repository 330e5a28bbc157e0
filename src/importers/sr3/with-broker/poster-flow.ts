import type { NativeEntry, NativeFlow } from "../../native-document.ts";
import type { At, Remarks } from "../../remark.ts";
import { formatName } from "../configuration-file.ts";
import { byDepth, outermost, selectionEntries } from "../fuse.ts";
import * as keys from "../flow-keys.ts";
import { both, selectBy } from "../masks.ts";
import { addressing, type Poster } from "../poster.ts";
import type { Effective } from "../settings.ts";
import type { BrokerContext } from "./broker-keys.ts";
import { checkBaseUrl, publicationEntries, publisherOf } from "./publication.ts";

/** To whom a poster announces, where its own file does not say. */
export type Assumed = ReturnType<typeof publisherOf>;

/** A watch, a post: what changes below each of its paths becomes messages. */
export function posterFlows(
  poster: Poster,
  assumed: Assumed,
  context: BrokerContext,
  nameFlow: () => string,
  remarks: Remarks,
): NativeFlow[] {
  const { configuration } = poster;
  const { effective, file } = configuration;
  const to = publisherOf(configuration) ?? assumed;
  if (to === null) {
    const url = effective.text("post_broker");
    remarks.error(
      effective.at("post_broker") ?? { file, line: 1 },
      url === null ? `${poster.kind} needs post_broker` : "post_broker: an address such as amqps://user@host/ is wanted",
    );
    return [];
  }
  const directories = poster.kind === "watch" ? outermost(poster, remarks) : [poster.baseDir ?? "/"];
  if (poster.kind !== "watch") notePosts(poster, remarks);
  return directories.flatMap((directory) => {
    const name = nameFlow();
    const source = sourceOf(poster, directory, name, remarks);
    if (source === null) return [];
    const { relative } = addressing(poster, directory);
    const baseUrl = effective.text("post_baseUrl") ?? "";
    checkBaseUrl(configuration, baseUrl, remarks);
    const where = { baseUrl, pathPrefix: relative.replace(/\/$/, ""), from: [effective.at("post_baseUrl")].filter((at) => at !== null) };
    const sides = { poster: effective, sender: effective };
    const entries: NativeEntry[] = [
      { key: "source", value: source.entries },
      {
        key: "destination",
        value: [
          { key: "publish", value: publicationEntries(configuration, to, where, context, remarks) },
          ...keys.preserveEntry(sides),
          ...identityEntry(effective, remarks),
        ],
      },
      ...keys.vipEntry(sides, remarks),
      ...keys.logEntry(sides),
    ];
    return [{ name, about: formatName(configuration), entries, members: source.members }];
  });
}

function notePosts(poster: Poster, remarks: Remarks): void {
  const { effective, file } = poster.configuration;
  if (poster.kind === "cpost")
    remarks.note(
      { file, line: 1 },
      "the library that programs are run with (libsr3shim) is not hotdir's: what it told is posted by hand, or by a watch, until then",
    );
  if (poster.paths.length > 0) remarks.note(effective.at("path"), `path: a post is made by hand: hotdir post ${poster.paths.join(" ")}`);
  if (poster.baseDir !== null && poster.baseDir !== "/")
    remarks.note(effective.at("post_baseUrl"), `post_baseUrl: what is posted must be in ${poster.baseDir}`);
}

function sourceOf(
  poster: Poster,
  directory: string,
  name: string,
  remarks: Remarks,
): { entries: NativeEntry[]; members: ReadonlyMap<string, readonly At[]> } | null {
  const { effective } = poster.configuration;
  const { prefix } = addressing(poster, directory);
  const isWatch = poster.kind === "watch";
  // The C library looks at paths, and not at addresses.
  const masked = selectBy(
    poster.masks,
    effective.flag("acceptUnmatched"),
    poster.kind === "cpost" ? (directory === "/" ? "/" : `${directory}/`) : prefix,
  );
  for (const fault of masked.faults) remarks.error(fault.at, fault.message);
  for (const note of masked.notes) remarks.note(note.at, note.message);
  if (masked.faults.length > 0) return null;
  const selection = both(masked.selection, byDepth(poster));
  if (selection.accept?.length === 0) {
    remarks.error({ file: poster.configuration.file, line: 1 }, "its accept and reject lines let nothing pass");
    return null;
  }
  const { entries, members } = selectionEntries(selection);
  const pathAt = effective.at(isWatch ? "path" : "post_baseUrl");
  const from = pathAt === null ? [] : [pathAt];
  const because = `hotdir post -f ${name} FILE`;
  const root: NativeEntry = isWatch
    ? { key: "directory", value: directory, from }
    : { key: "posts", value: directory === "/" ? true : [{ key: "base", value: directory }], from, because };
  const sides = { poster: effective, sender: effective };
  return {
    entries: [
      root,
      ...entries,
      ...keys.settleEntry(sides, remarks),
      ...keys.rescanEntry(sides, isWatch),
      ...keys.propagateEntry(sides, isWatch),
    ],
    members,
  };
}

/** Which digest messages carry. */
function identityEntry(effective: Effective, remarks: Remarks): NativeEntry[] {
  const at = effective.at("identity");
  if (at === null) return [];
  const method = (effective.text("identity") ?? "").replace(/^(?:cod|z),/, "");
  const known: Readonly<Record<string, string>> = {
    sha512: "sha512",
    s: "sha512",
    md5: "md5",
    d: "md5",
    none: "none",
    n: "none",
    "0": "none",
  };
  const verify = Object.hasOwn(known, method) ? known[method]! : null;
  if (verify === null) remarks.note(at, `identity ${method}: messages carry the sha512 of the file (destination.verify)`);
  return verify === null || verify === "sha512" ? [] : [{ key: "verify", value: verify, from: [at] }];
}
