import type { Remarks } from "../remark.ts";
import { parseBrokerUrl } from "./broker-url.ts";
import { formatName } from "./configuration-file.ts";
import { options } from "./options.ts";
import type { Configuration } from "./reader.ts";
import { Effective, type Setting } from "./settings.ts";

/** What a watch or a post has a say in; everything else is its sender's. */
const ofPosters: ReadonlySet<string> = new Set([
  "path",
  "post_baseUrl",
  "post_baseDir",
  "baseDir",
  "post_broker",
  "post_exchange",
  "post_exchangeSuffix",
  "post_exchangeSplit",
  "post_topicPrefix",
  "accept",
  "reject",
  "acceptUnmatched",
  "fileEvents",
  "fileAgeMin",
  "inflight",
  "recursive",
  "sleep",
  "permCopy",
  "timeCopy",
  "identity",
  "vip",
  "logLevel",
  "debug",
]);
const notOfSenders: ReadonlySet<string> = new Set(["path", "recursive", "sleep", "post_exchangeSplit"]);
/** What a sender tells others after a delivery. */
const announcing: ReadonlySet<string> = new Set([
  "post_broker",
  "post_exchange",
  "post_baseUrl",
  "post_exchangeSuffix",
  "post_topicPrefix",
]);
const preset = new Effective();

/** A remark for each line that has no part in the flow: none is left out in silence. */
export function noteLines(configuration: Configuration, role: "poster" | "sender", remarks: Remarks): void {
  for (const setting of configuration.effective.all) if (setting.at !== null) noteLine(setting, configuration, role, remarks);
}

const captured: ReadonlySet<string> = new Set(["directory", "mirror", "strip", "flatten", "filename"]);

/** What a reader of a sender's lines would think of where files go, and is not so. */
export function notePlaces({ effective, file }: Configuration, remarks: Remarks): void {
  const lastAccept = effective.all.findLastIndex(({ option }) => option === "accept");
  for (const [index, { option, value, at }] of effective.all.entries()) {
    if (at === null || !captured.has(option)) continue;
    if (lastAccept >= 0 && index > lastAccept)
      remarks.note(at, `${option}: it stands below all accept lines, so that it counts only for files that no line matches`);
    if (option === "directory" && value.type === "text" && value.text?.startsWith("~") === true)
      remarks.note(
        at,
        "directory: sr3 fills in the home of this machine for ~; without ~/ a directory begins at the login directory there",
      );
  }
  if (effective.text("directory") === null && effective.text("post_baseDir") === null)
    remarks.note({ file, line: 1 }, "it names neither directory nor post_baseDir, so that files go to the root directory there");
}

function noteLine({ option, value, at }: Setting, configuration: Configuration, role: "poster" | "sender", remarks: Remarks): void {
  const carried = options.get(option)?.carried;
  if (carried === undefined || at === null) return;
  if (carried.how === "refused") {
    const isPreset =
      JSON.stringify(value) === JSON.stringify(preset.value(option)) || (option === "download" && value.type === "flag" && value.on);
    // The same line of a sender is judged where it is used, since each accept line has its own.
    if (!isPreset && option !== "flatten" && option !== "filename") remarks.error(at, `${option}: ${carried.what}`);
    return;
  }
  if (carried.how === "needless" || carried.how === "left") {
    remarks.note(at, `${option}: ${carried.what}`);
    return;
  }
  if (role === "sender" && announcing.has(option)) {
    remarks.note(at, `${option}: ${announcement(option, configuration)}`);
    return;
  }
  if (role === "poster" && value.type === "inflight" && value.inflight.kind === "name")
    remarks.note(at, "inflight: in a watch only a time counts, in sr3 neither; reject leaves working files alone");
  const used = role === "poster" ? ofPosters.has(option) : !notOfSenders.has(option);
  // default.conf is for all, so that it may hold what is another's.
  if (!used && at.file !== "default.conf" && at.file !== "admin.conf")
    remarks.note(at, `${option}: ${formatName(configuration)} makes no use of it, in sr3 neither`);
}

function announcement(option: string, { effective }: Configuration): string {
  const told = "deliveries are not announced to others: that needs the broker, and an import over it carries the line over";
  const url = effective.text("post_broker");
  if (option !== "post_broker" || url === null || parseBrokerUrl(url) !== null) return told;
  const scheme = /^[\w+.-]*/.exec(url)?.[0] ?? "";
  return `${scheme}: is none of amqp:, amqps:, mqtt: and mqtts: (amqps: was meant, perhaps), so that sr3 reports it and announces nothing; ${told}`;
}
