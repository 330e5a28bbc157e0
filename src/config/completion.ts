import * as z from "zod";
import { defaultPaths, isManifestVariable } from "../flow/completion/manifest-name.ts";
import { type CompletionSettings, manifestFormats, type WholeRule } from "../flow/settings.ts";
import { bytesOfText } from "../kernel/path.ts";
import { parseExpression } from "./expression.ts";
import { duration, laterVariables, textField } from "./fields.ts";
import { checkPath, type LocalBase, resolvePath } from "./local-path.ts";
import { bad, good, type Parsed } from "./parsed.ts";

const NAME_BYTES_MAX = 255;

/** One name of a directory, or a part of one. */
function parseName(text: string): Parsed<string> {
  if (text === "" || text === "." || text === "..") return bad("a name is not empty, and neither . nor ..");
  if (/[/\0]/.test(text)) return bad("a name holds no / and no NUL");
  return Buffer.byteLength(text) <= NAME_BYTES_MAX ? good(text) : bad(`a name has at most ${NAME_BYTES_MAX} bytes`);
}

function parseManifestPath(text: string): Parsed<string> {
  if (text.startsWith("/") || text.startsWith("~"))
    return bad("a manifest's path is below the destination's directory", text.replace(/^[~/]+/, ""));
  if (text.includes("\0")) return bad("a path cannot hold a NUL character");
  if (text.split("/").some((part) => part === "" || part === "." || part === ".."))
    return bad("a manifest's path is plain: no . or .. in it, and no / twice or at its end");
  return good(text);
}

const name = textField({ title: "name", examples: ["DONE"], parse: parseName });
const manifestPath = textField({ title: "path", examples: ["manifests/${set}.json"], parse: parseManifestPath });
laterVariables.set(manifestPath, isManifestVariable);

const whole = z
  .union([
    z.literal("timecode"),
    z
      .strictObject({
        marker: name.optional().describe("When a file of this name was seen right in the set's directory. It is a member like any other."),
        count: z
          .number()
          .int()
          .min(1)
          .max(100_000_000)
          .meta({ title: "number" })
          .optional()
          .describe("When so many files of it are delivered."),
        quiet: duration({ minMs: 1000 }).optional().describe("When no new file of it was seen for so long, while the flow ran."),
      })
      .meta({ oneOf: [{ required: ["marker"] }, { required: ["count"] }, { required: ["quiet"] }] }),
  ])
  .meta({ title: "timecode, {marker: NAME}, {count: NUMBER} or {quiet: TIME}" })
  .describe(
    "When no more files are expected in a set. `timecode`: its name is Unix time / 100,000, and there is a newer set beside it, or it is more than one behind the present one.",
  );

const manifest = z
  .strictObject({
    format: z
      .enum(manifestFormats)
      .prefault("json")
      .describe(
        "`json`: every member with its proof, and a Merkle root. `sums`: what `sha256sum -c` reads. `suprsync`: a finalization file as SupRsync's.",
      ),
    directory: textField({ title: "path", examples: ["/data/manifests"], parse: checkPath })
      .optional()
      .describe("Where manifests are written on this machine, and kept. Default: below the state directory."),
    path: manifestPath
      .optional()
      .describe(
        "The manifest's path below the destination's directory. `${set}` is the set's directory, `${name}` and `${timecode}` its last component, `${flow}`, `${unix}` (seconds), `${tc_now}` (the present timecode), `${instance}`, `${archive}`.",
      ),
    instance: name.optional().describe("SupRsync's instance-id: in the manifest and in its path."),
    archive: name.optional().describe("SupRsync's archive name. Default: the flow's name."),
  })
  .prefault({})
  .describe("What is written once for each set that is complete, and then sent like any file.");

export const completion = z
  .strictObject({
    sets: textField({ title: "regular expression", examples: [String.raw`\d{5}`], parse: parseExpression }).describe(
      "Each directory at the destination whose whole relative path this matches is a set, with all files below it. JavaScript syntax.",
    ),
    whole,
    manifest,
  })
  .optional()
  .describe("Sets of files that are known to be whole: each gets one manifest, once all of its files are delivered.");

export type CompletionValue = z.output<typeof completion>;

export function completionSettings(flow: string, value: CompletionValue, base: LocalBase): CompletionSettings | null {
  if (value === undefined) return null;
  const { format, directory, path, instance, archive } = value.manifest;
  return {
    sets: value.sets,
    whole: wholeRule(value.whole),
    manifest: {
      format,
      directory: directory === undefined ? null : resolvePath(directory, base),
      path: path ?? defaultPaths[format],
      instance: instance ?? null,
      archive: archive ?? flow,
    },
  };
}

/** `completion-rules.ts` has seen to it that there is one of the three. */
function wholeRule(value: z.output<typeof whole>): WholeRule {
  if (value === "timecode") return { kind: "timecode" };
  if (value.marker !== undefined) return { kind: "marker", marker: bytesOfText(value.marker) };
  if (value.count !== undefined) return { kind: "count", count: value.count };
  return { kind: "quiet", quietMs: value.quiet ?? 0 };
}
