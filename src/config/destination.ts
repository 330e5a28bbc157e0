import * as z from "zod";
import { type DigestAlgorithm, digestAlgorithms } from "../flow/digest.ts";
import type { DestinationSettings, LocalPlace, SourceSettings, SshPlace } from "../flow/settings.ts";
import { assert } from "../kernel/errors.ts";
import { absPath, type Bytes, bytesOfText, join } from "../kernel/path.ts";
import { bandwidth, bandwidthSettings } from "./bandwidth.ts";
import { commands, commandsSettings } from "./commands.ts";
import { parseChmod } from "./chmod.ts";
import { type DestinationUrl, parseDestinationUrl } from "./destination-url.ts";
import { command, nameSuffix, size, textField, words } from "./fields.ts";
import { checkPath, type LocalBase, resolveArgument, resolvePath } from "./local-path.ts";
import { bad, good, type Parsed, quote } from "./parsed.ts";
import { originOf, publish, publishSettings } from "./publish.ts";
import { remove, removeSettings } from "./remove.ts";
import type { SectionContext } from "./section.ts";
import { parsePercent, parseSize } from "./units.ts";

const url = textField({
  title: "URL",
  examples: ["sftp://hpfx/~/on_hpfx", "sftp://bob@hub:2222/data", "file:/mnt/archive"],
  parse: parseDestinationUrl,
});

function parseStaging(text: string): Parsed<string> {
  const checked = checkPath(text);
  if (!checked.ok) return checked;
  return text.split("/").includes("..") ? bad("a destination has no .. in it: write the directory itself") : good(text);
}

const inflight = z.union([
  nameSuffix(".tmp"),
  z.strictObject({
    staging: textField({ title: "path", examples: ["/data/staging"], parse: parseStaging }).describe(
      "Moving bytes are kept in this directory of the destination, on the same file system: absolute, `~/...`, or relative to the destination directory.",
    ),
  }),
]);

const accelerate = z.strictObject({
  above: size({ minBytes: 0 }).prefault("1G").describe("Only for files that are larger."),
  command: command.describe(
    "The command: `%s` becomes the file, `%d` its inflight name at the destination. No shell sees it, and its result is verified like any other.",
  ),
});

export type KeepFree = DestinationSettings["keepFree"];

function parseKeepFree(text: string): Parsed<KeepFree> {
  if (text.endsWith("%")) {
    const percent = parsePercent(text);
    return percent.ok ? good({ kind: "percent", percent: percent.value }) : percent;
  }
  const bytes = parseSize(text);
  return bytes.ok
    ? good({ kind: "bytes", bytes: bytes.value })
    : bad(`${quote(text)} is neither a percentage such as 2% nor a size such as 100G`, bytes.suggestion);
}

export const destination = z
  .strictObject({
    url: url
      .optional()
      .describe("Where files go. The host is written as for `ssh`; `/~/` is the remote home; `%20` and the like stand for bytes."),
    ssh: command.optional().describe("The ssh command. Default: the environment's `HOTDIR_SSH`, else `ssh`."),
    directory: textField({ title: "path", examples: ["/data/buffer"], parse: checkPath })
      .optional()
      .describe("With `commands`: the directory at the far end, from /."),
    commands,
    compress: z
      .boolean()
      .prefault(false)
      .describe("Whether ssh compresses what it carries: worth it on a slow line, for data that is not compressed already."),
    publish,
    remove,
    lanes: z
      .int()
      .min(1)
      .max(64)
      .prefault(5)
      .describe(
        "The most SSH connections at a time, which open by need, and only while that helps; with `commands` the most rounds of them.",
      ),
    inflight: inflight
      .prefault(".tmp")
      .describe("Where bytes are while they move: under the final name with this suffix, or in a staging directory."),
    preserve: words(["mtime", "mode"], { min: 0 })
      .prefault(["mtime", "mode"])
      .describe("What the file at the destination keeps of the source's."),
    chmod: textField({ title: "mode changes", examples: ["g+rwX,o+rX", "D2775,F664"], parse: parseChmod })
      .optional()
      .describe(
        "Changes of the modes of files and of directories that are made, as chmod and `rsync --chmod` take them: of the source's mode where `preserve` keeps it, else of 0644 and 0755.",
      ),
    verify: z
      .enum([...digestAlgorithms, "size", "none"])
      .optional()
      .describe(
        "What a receipt proves: the digest of the bytes read back, their number, or nothing. `size` and `none` let nothing be removed from the source. Default: `sha256`. With `publish`: the digest that messages carry, or `none`; default `sha512`, which Sarracenia knows. With `table`: its `algorithm`.",
      ),
    durable: z
      .enum(["auto", "always", "never"])
      .prefault("auto")
      .describe("Whether the destination's disk must have the bytes before the receipt; `auto`: whenever retention may remove the source."),
    segment_above: size({ minBytes: 64 * 1024 })
      .prefault("64M")
      .describe("Larger files go in parts over several lanes, and resume."),
    accelerate: accelerate.optional().describe("The user's own copy command for large files."),
    bandwidth,
    keep_free: textField({
      title: "percentage, size",
      pattern: String.raw`^(\d+(\.\d+)? ?%|\d+(\.\d+)? ?([kKmMgGtTpP](i?B)?|B)?)$`,
      examples: ["2%", "100G"],
      parse: parseKeepFree,
    })
      .prefault("2%")
      .describe("The flow waits while the destination has less free space."),
  })
  .meta({ oneOf: [{ required: ["url"] }, { required: ["commands", "directory"] }, { required: ["publish"] }, { required: ["remove"] }] })
  .describe(
    "Where changes are made true: a directory (`url`), one that own commands fill (`commands`), messages to others (`publish`), or a directory that is cleaned (`remove`).",
  );

export type DestinationValue = z.output<typeof destination>;

/** `source`: what is published is named as it is there. */
export function destinationSettings(value: DestinationValue, source: SourceSettings, context: SectionContext): DestinationSettings {
  const place = placeOf(value, source, context);
  return {
    place,
    lanesMax: value.lanes,
    inflight: inflightOf(value.inflight, place, context.base),
    preserve: { mtime: value.preserve.includes("mtime"), mode: value.preserve.includes("mode") },
    chmod: value.chmod ?? null,
    verify: value.verify ?? defaultVerify(place.kind, source),
    durable: value.durable,
    segmentAboveBytes: value.segment_above,
    accelerate:
      value.accelerate === undefined
        ? null
        : { aboveBytes: value.accelerate.above, command: argumentsOf(value.accelerate.command, context.base) },
    bandwidth: bandwidthSettings(value.bandwidth),
    keepFree: value.keep_free,
  };
}

/** `source`: what was registered of its files is what is read back. */
export function defaultVerify(place: DestinationSettings["place"]["kind"], source: SourceSettings): DigestAlgorithm {
  if (source.kind === "table") return source.algorithm;
  return place === "publish" ? "sha512" : "sha256";
}

function placeOf(value: DestinationValue, source: SourceSettings, context: SectionContext): DestinationSettings["place"] {
  if (value.url !== undefined) return resolvePlace(value.url, value, context);
  if (value.commands !== undefined) return commandsSettings(value.commands, value.directory ?? "/", context.base);
  if (value.remove !== undefined) return removeSettings(value.remove, context.base);
  // A rule has seen to it that one of the four is there.
  assert(value.publish !== undefined, "a destination is a directory, or messages");
  return { kind: "publish", publish: publishSettings(value.publish, originOf(source), context.base) };
}

/** Also used by `rules.ts`, which compares places. */
export function resolvePlace(
  to: DestinationUrl,
  by: Partial<Pick<DestinationValue, "ssh" | "compress">>,
  context: SectionContext,
): SshPlace | LocalPlace {
  if (to.kind === "sftp") return { ...to, ssh: argumentsOf(by.ssh ?? context.defaultSsh, context.base), compress: by.compress ?? false };
  return {
    kind: "file",
    directory: absPath(to.directory, to.from === "home" ? context.base.homeDirectory : context.base.configurationDirectory),
  };
}

function argumentsOf(list: readonly string[], base: LocalBase): string[] {
  return list.map((argument) => resolveArgument(argument, base));
}

function inflightOf(
  value: z.output<typeof inflight>,
  place: DestinationSettings["place"],
  base: LocalBase,
): DestinationSettings["inflight"] {
  // Nothing is moved; a rule has refused the key there.
  if (place.kind === "publish" || place.kind === "remove") return { kind: "suffix", suffix: bytesOfText(".tmp") };
  if (typeof value === "string") return { kind: "suffix", suffix: bytesOfText(value) };
  if (place.kind === "commands") return { kind: "staging", directory: absPath(bytesOfText(value.staging)) };
  return { kind: "staging", directory: resolveStaging(value.staging, place, base) };
}

/** As `directory` of the place: absolute, or relative to the remote home. */
export function resolveStaging(staging: string, place: SshPlace | LocalPlace, base: LocalBase): Bytes {
  if (place.kind === "file" && /^~(\/|$)/.test(staging)) return resolvePath(staging, base);
  const clean = absPath(bytesOfText(staging.replace(/^~(?=\/|$)/, "")));
  if (staging.startsWith("/")) return clean;
  const relative = clean.slice(1) as Bytes;
  return staging.startsWith("~") ? relative : join(place.directory as Bytes, relative);
}
