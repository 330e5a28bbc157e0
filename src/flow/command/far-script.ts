import { cryptoNames, type DigestAlgorithm, opensslNames, toolNames } from "../digest.ts";
import { createHash } from "node:crypto";
import { quoteText } from "./shell-quote.ts";

/** What the far side has. `digest`: the command that prints the digest of its standard input, which the flow asks for; null: none does. */
export type FarTools = { digest: string | null; stat: "gnu" | "busybox" | "bsd" | null; move: "-T" | "-h" | ""; sync: "sync -f" | "sync" };

/** What to assume before it was asked. */
export const plainTools: FarTools = { digest: null, stat: null, move: "", sync: "sync" };

/** A command that prints what there is, a word a line. */
export function askTools(algorithm: DigestAlgorithm | null): string {
  const digests = algorithm === null ? [] : digestCommands(algorithm);
  const empty = algorithm === null ? "" : createHash(cryptoNames[algorithm]).digest("hex");
  return [
    ...digests.map((command) => `case $(${command} </dev/null 2>/dev/null) in ${empty}*) echo ${quoteText(`digest ${command}`)};; esac`),
    "if stat --printf=%f / >/dev/null 2>&1; then echo stat gnu; elif stat -c %f / >/dev/null 2>&1; then echo stat busybox; elif stat -f %Xp / >/dev/null 2>&1; then echo stat bsd; fi",
    // Others have -T as well, and take a symlink to a directory for one with it.
    "case $(mv --version 2>&1 || mv --help 2>&1) in *coreutils*) echo move -T;; *-hv*) echo move -h;; esac",
    "command -v sync >/dev/null && case $(sync --version 2>&1 || sync --help 2>&1) in *coreutils*|*-f*) echo sync -f;; esac",
  ].join(";");
}

function digestCommands(algorithm: DigestAlgorithm): string[] {
  const bits = { sha256: ["shasum -a 256", "sha256 -q"], sha512: ["shasum -a 512", "sha512 -q"], md5: ["md5 -q"], blake2b: [] }[algorithm];
  return [toolNames[algorithm], `openssl dgst -r -${opensslNames[algorithm]}`, ...bits];
}

/** The first of each kind counts. */
export function readTools(answer: string): FarTools {
  const told = (kind: string): string | null =>
    answer
      .split("\n")
      .find((line) => line.startsWith(`${kind} `))
      ?.slice(kind.length + 1) ?? null;
  const [stat, move] = [told("stat"), told("move")];
  return {
    digest: told("digest"),
    stat: stat === "gnu" || stat === "busybox" || stat === "bsd" ? stat : null,
    move: move === "-T" || move === "-h" ? move : "",
    sync: told("sync") === "-f" ? "sync -f" : "sync",
  };
}

const plainStat = [
  'if [ -h "$2" ] && [ "$1" = l ]; then echo a1ff 0 0',
  'elif [ -d "$2" ]; then echo 41ff 0 0',
  'elif [ -f "$2" ]; then echo 81ff $(wc -c <"$2") 0',
  'elif [ -e "$2" ]; then echo 1000 0 0',
  "else echo No such file or directory; return 1; fi",
].join(";");

const statByFormat = `if [ "$1" = l ]; then stat -c '%f %s %Y' -- "$2"; else stat -L -c '%f %s %Y' -- "$2"; fi`;
const stats: Record<"gnu" | "busybox" | "bsd", string> = {
  gnu: statByFormat,
  busybox: statByFormat,
  bsd: `if [ "$1" = l ]; then stat -f '%Xp %z %m' -- "$2"; else stat -L -f '%Xp %z %m' -- "$2"; fi`,
};

/**
 * The functions of every command: `hash FILE` prints what a file's content is compared by (its size, where there is no tool), `facts l|f PATH`,
 * `rename FROM TO`, `here PATH` (what has the name now), `device PATH`, `land`.
 */
export function functionsFor(tools: FarTools): string {
  const hash = tools.digest === null ? `x=$(wc -c <"$1") && echo $((x))` : `x=$(${tools.digest} <"$1") && echo "\${x%% *}"`;
  const isDirectory = '[ -d "$2" ] && [ ! -h "$2" ] && { [ ! -d "$1" ] || [ -h "$1" ]; }';
  const into = tools.move === "" ? 'if [ -h "$2" ] && [ -d "$2" ]; then rm -f -- "$2" || return; fi;' : "";
  return [
    `hash(){ ${hash}; }`,
    `facts(){ ${tools.stat === null ? plainStat : stats[tools.stat]}; }`,
    // Into a directory nothing is ever moved by mistake.
    `rename(){ if ${isDirectory}; then echo Is a directory; return 1; fi; ${into} mv -f ${tools.move} -- "$1" "$2"; }`,
    `here(){ if [ -h "$1" ]; then echo link; elif [ -f "$1" ]; then hash "$1" || echo unread; elif [ -e "$1" ]; then echo other; else echo none; fi; }`,
    `device(){ ${tools.stat === null ? "echo same" : `stat ${tools.stat === "bsd" ? "-f" : "-c"} %d -- "$1"`}; }`,
    LAND,
  ].join(";");
}

/**
 * `land STAGED FINAL BESIDE WANTED FOUND [KNOWN...]`: moves a file to its final name, if its content is what is wanted and nothing is there but
 * what is known. FOUND: 1 where the same content there already is a delivery. It prints `moved`, `found`, or why not; what it did not expect it
 * leaves as it is. Over file systems the bytes are first copied to BESIDE, the final name's directory, and compared once more.
 */
const LAND = [
  "land(){ s=$1; f=$2; t=$3; w=$4; n=$5; shift 5",
  'if [ -h "$s" ] || [ ! -f "$s" ]; then echo missing; return; fi',
  'd=$(hash "$s") || { echo unread; return; }',
  'if [ "$d" != "$w" ]; then echo "differs $d"; return; fi',
  'o=$(here "$f")',
  'if [ "$o" = "$w" ] && [ "$n" = 1 ]; then rm -f -- "$s"; echo found; return; fi',
  'if [ "$o" != none ]; then k=; for a; do [ "$a" != "$o" ] || k=1; done; [ "$k" ] || { echo "taken $o"; return; }; fi',
  'if [ "$(device "$s")" != "$(device "${t%/*}/")" ]; then if cp -p -- "$s" "$t" && [ "$(hash "$t")" = "$w" ]; then s=$t',
  'else rm -f -- "$t"; echo failed it could not be copied from the staging directory, which is on another file system; return; fi; fi',
  // A hard link is never made over anything that came meanwhile.
  'if [ "$o" = none ] && ln -- "$s" "$f" 2>/dev/null; then rm -f -- "$s"; echo moved; return; fi',
  'if [ "$o" = none ] && { [ -e "$f" ] || [ -h "$f" ]; }; then echo "taken $(here "$f")"; return; fi',
  'if e=$(rename "$s" "$f" 2>&1); then echo moved; else echo "failed $e"; fi; }',
].join(";");
