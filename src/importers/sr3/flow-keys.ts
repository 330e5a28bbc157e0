import { formatDuration, formatRate, formatSize } from "../../config/units.ts";
import type { NativeEntry } from "../native-document.ts";
import type { At, Remarks } from "../remark.ts";
import type { Credential } from "./credentials.ts";
import type { Effective } from "./settings.ts";
import type { Sender } from "./sender.ts";
import { words } from "./words.ts";

const DAY_S = 86_400;
const LANES_MAX = 64;
const ATTEMPTS_PRESET = 10;
const ATTEMPTS_MAX = 10_000;
/** Less would be refused. */
const BYTES_PER_S_MIN = 1000;
/** What `source.propagate` is where it is not given. */
const PROPAGATE_PRESET = ["put", "rename", "link", "mkdir"];

export type Sides = { poster: Effective; sender: Effective };

function both({ poster, sender }: Sides, option: string): At[] {
  // A configuration may be both sides.
  const sides = poster === sender ? [poster] : [poster, sender];
  return sides.map((side) => side.at(option)).filter((at) => at !== null);
}

/** A change is made when both sides let it pass. Renames always do, and a sender asks nobody about files. */
export function propagateEntry(sides: Sides, isWatch: boolean): NativeEntry[] {
  const events = sides.poster.members("fileEvents");
  const flat = !sides.poster.flag("recursive");
  const passes = (event: string): boolean => events.includes(event) && sides.sender.members("fileEvents").includes(event);
  const puts = events.includes("create") || events.includes("modify");
  const kinds = [
    ...(puts ? ["put", "rename"] : []),
    ...(passes("link") ? ["link"] : []),
    ...(passes("mkdir") && !flat ? ["mkdir"] : []),
    ...(passes("delete") && isWatch ? ["delete"] : []),
    ...(passes("rmdir") && isWatch && !flat ? ["rmdir"] : []),
  ];
  if (kinds.join() === PROPAGATE_PRESET.join() && both(sides, "fileEvents").length === 0) return [];
  const unasked = kinds.includes("delete") && both(sides, "fileEvents").length === 0;
  return [
    {
      key: "propagate",
      value: kinds,
      from: both(sides, "fileEvents"),
      ...(unasked ? { because: "removals too: sr3 forwards them where fileEvents does not say otherwise" } : {}),
    },
  ];
}

/** fileAgeMin, and an inflight that is a time. */
export function settleEntry(sides: Sides, remarks: Remarks): NativeEntry[] {
  const found = [...new Set([sides.poster, sides.sender])].flatMap((side) => {
    const inflight = side.value("inflight");
    const age = inflight.type === "inflight" && inflight.inflight.kind === "age" ? inflight.inflight.seconds : 0;
    const seconds = Math.max(side.number("fileAgeMin"), age);
    return seconds > 0 ? [{ seconds, at: side.at(age === seconds ? "inflight" : "fileAgeMin") }] : [];
  });
  const longest = found.toSorted((a, b) => b.seconds - a.seconds)[0];
  if (longest === undefined) return [];
  if (longest.seconds > DAY_S) remarks.note(longest.at, "fileAgeMin: a quiet time of a day is the longest there is");
  return [
    {
      key: "settle",
      value: formatDuration(Math.min(longest.seconds, DAY_S) * 1000),
      from: found.flatMap(({ at }) => (at === null ? [] : [at])),
    },
  ];
}

export function rescanEntry({ poster }: Sides, isWatch: boolean): NativeEntry[] {
  const at = poster.at("sleep");
  if (!isWatch || at === null || poster.number("sleep") <= 0) return [];
  const seconds = Math.min(Math.max(1, poster.number("sleep")), 7 * DAY_S);
  return [{ key: "rescan", value: formatDuration(seconds * 1000), from: [at], because: "events are acted on at once" }];
}

export function inflightEntry({ sender }: Sides, remarks: Remarks): NativeEntry[] {
  const value = sender.value("inflight");
  const at = sender.at("inflight");
  if (value.type !== "inflight" || value.inflight.kind !== "name" || at === null) return [];
  const { name } = value.inflight;
  const from = [at];
  if (name === "umask") {
    remarks.note(at, "inflight umask: files arrive under a name of their own and get the final one when they are whole");
    return [];
  }
  // A hidden directory hides from the same eyes as a hidden name.
  if (name === ".") return [{ key: "inflight", value: [{ key: "staging", value: ".inflight" }], from, because: "hidden as .NAME was" }];
  if (name.endsWith("/")) {
    remarks.note(at, `inflight ${name}: one directory for all, below the destination, and not one in each directory`);
    return [{ key: "inflight", value: [{ key: "staging", value: name.replace(/\/+$/, "") || "/" }], from }];
  }
  if (name.startsWith(".")) return [{ key: "inflight", value: name, from }];
  remarks.error(at, `inflight ${name}: it is none of none, umask, a suffix such as .tmp, a directory such as tmp/, and a time such as 10s`);
  return [];
}

export function preserveEntry(sides: Sides): NativeEntry[] {
  const keeps = (option: string): boolean => sides.poster.flag(option) && sides.sender.flag(option);
  const kept = [...(keeps("timeCopy") ? ["mtime"] : []), ...(keeps("permCopy") ? ["mode"] : [])];
  return kept.length === 2 ? [] : [{ key: "preserve", value: kept, from: [...both(sides, "timeCopy"), ...both(sides, "permCopy")] }];
}

/** In sr3 a digest only tells versions apart; here each file is read back and compared by it, whatever sr3 was told. */
export function verifyEntry(sides: Sides, remarks: Remarks): NativeEntry[] {
  const at = sides.poster.at("identity") ?? sides.sender.at("identity");
  if (at === null) return [];
  const side = sides.poster.isWritten("identity") ? sides.poster : sides.sender;
  const method = (side.text("identity") ?? "").replace(/^(?:cod|z),/, "");
  const known: Record<string, string> = { sha512: "sha512", s: "sha512", md5: "md5", d: "md5" };
  if (Object.hasOwn(known, method)) return [{ key: "verify", value: known[method]!, from: [at] }];
  remarks.note(at, `identity ${method}: each file is read back and compared by sha256 all the same (destination.verify)`);
  return [];
}

export function accelerateEntry({ sender }: Sides, keyFile: string | null, remote: Sender["remote"], remarks: Remarks): NativeEntry[] {
  const above = sender.number("accelThreshold");
  const at = sender.at("accelThreshold");
  const commandAt = sender.at("accelScpCommand");
  if (above <= 0) {
    if (commandAt !== null) remarks.note(commandAt, "accelScpCommand: without accelThreshold no file is given to it");
    return [];
  }
  const command = words(sender.text("accelScpCommand") ?? "");
  const missing = ["%s", "%d"].filter((place) => !command.some((word) => word.includes(place)));
  if (missing.length > 0) {
    remarks.error(commandAt, `accelScpCommand: it has no ${missing.join(" and no ")}`);
    return [];
  }
  if (keyFile !== null)
    remarks.note(
      commandAt ?? at,
      `accelScpCommand: it is not told of the key in credentials.conf: add -i, or put the key into ~/.ssh/config`,
    );
  if (remote.port !== null)
    remarks.note(commandAt ?? at, "accelScpCommand: scp is not told of the port in sendTo: put it into ~/.ssh/config");
  return [
    {
      key: "accelerate",
      value: [
        { key: "above", value: formatSize(above) },
        { key: "command", value: command },
      ],
      from: [at, commandAt].filter((one) => one !== null),
    },
  ];
}

export function bandwidthEntry({ sender }: Sides): NativeEntry[] {
  const at = sender.at("byteRateMax");
  const rate = sender.number("byteRateMax") * Math.max(1, sender.number("instances"));
  if (at === null || rate <= 0) return [];
  return [
    { key: "bandwidth", value: formatRate(Math.max(rate, BYTES_PER_S_MIN)), from: [at], because: "that of one instance, times instances" },
  ];
}

export function lanesEntry({ sender }: Sides, remarks: Remarks): NativeEntry[] {
  const at = sender.at("instances");
  if (at === null) return [];
  const instances = sender.number("instances");
  if (instances > LANES_MAX) remarks.note(at, `instances: ${LANES_MAX} connections are the most; each has many files under way at once`);
  return [{ key: "lanes", value: Math.min(Math.max(1, instances), LANES_MAX), from: [at] }];
}

export function sshEntry(credential: Credential | null, homeDirectory: string): NativeEntry[] {
  const keyFile = credential?.keyFile ?? null;
  if (credential === null || keyFile === null) return [];
  const path = keyFile.startsWith("~/") ? keyFile : keyFile.replace(`${homeDirectory}/`, "~/");
  return [{ key: "ssh", value: ["ssh", "-i", path], from: [{ file: "credentials.conf", line: credential.line }] }];
}

/** sr3's attempts follow one another at once, and come again at each housekeeping until retry_ttl is over: for ever where it is not given. */
export function retryEntry({ sender }: Sides, remarks: Remarks): NativeEntry[] {
  const [attemptsAt, ttlAt] = [sender.at("attempts"), sender.at("retry_ttl")];
  const attempts = Math.max(1, sender.number("attempts"));
  const ttl = sender.number("retry_ttl");
  const from = [attemptsAt, ttlAt].filter((at) => at !== null);
  if (ttl > 0) {
    const rounds = 1 + Math.floor(ttl / Math.max(1, sender.number("housekeeping")));
    const because = `${attempts} in each of ${rounds} rounds`;
    return [{ key: "retry", value: [{ key: "attempts", value: Math.min(attempts * rounds, ATTEMPTS_MAX), because }], from }];
  }
  if (attemptsAt === null) return [];
  if (attempts > ATTEMPTS_PRESET) return [{ key: "retry", value: [{ key: "attempts", value: Math.min(attempts, ATTEMPTS_MAX) }], from }];
  remarks.note(
    attemptsAt,
    `attempts: without retry_ttl sr3 begins again for ever; here ${ATTEMPTS_PRESET} attempts with growing pauses (only faults of the file count), then hotdir dead shows it`,
  );
  return [];
}

export function retainEntry({ sender }: Sides): NativeEntry[] {
  const at = sender.at("delete_source");
  if (at === null || !sender.flag("delete_source")) return [];
  return [
    {
      key: "retain",
      value: [{ key: "delete_after", value: "0s" }],
      from: [at],
      because: "only what was read back at the destination is removed",
    },
  ];
}

export function vipEntry(sides: Sides, remarks: Remarks): NativeEntry[] {
  const side = sides.sender.isWritten("vip") ? sides.sender : sides.poster;
  const at = side.at("vip");
  const [address, ...more] = side.members("vip").flatMap(words);
  if (at === null || address === undefined) return [];
  const other = sides.poster.members("vip").flatMap(words);
  if (other.length > 0 && other[0] !== address)
    remarks.note(sides.poster.at("vip"), `vip: a flow has one address, and takes the sender's; ${other[0]} is left out`);
  if (more.length > 0) remarks.note(at, `vip: a flow has one address; ${more.join(", ")} is left out`);
  return [{ key: "vip", value: address, from: [at] }];
}

export function logEntry(sides: Sides): NativeEntry[] {
  const side = [sides.sender, sides.poster].find((one) => one.isWritten("logLevel") || one.flag("debug"));
  if (side === undefined) return [];
  const levels: Record<string, string> = {
    debug: "debug",
    info: "info",
    warning: "warn",
    error: "error",
    critical: "error",
    none: "error",
  };
  const level = side.flag("debug") ? "debug" : levels[(side.text("logLevel") ?? "").toLowerCase()];
  const at = side.at("debug") ?? side.at("logLevel");
  return level === undefined || level === "info" || at === null ? [] : [{ key: "log", value: level, from: [at] }];
}
