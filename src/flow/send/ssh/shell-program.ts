import { opensslNames, toolNames } from "../../digest.ts";

/**
 * What the far side's login shell parses: one constant line that sh, bash, dash, zsh, csh, tcsh and
 * fish all read alike (no `!`, no newline, no backslash, no nested quote). The real program follows
 * on standard input as one line, so its quoting concerns nobody but a POSIX sh.
 */
export const BOOTSTRAP = `exec /bin/sh -c 'read -r program; eval "$program"'`;

/**
 * The program: one line, a loop over requests on standard input. `read` takes input byte by byte,
 * so the bytes that follow a request line are left for the tools.
 *
 * Every request line starts with `token`, which no name can hold since it is random: if the far side
 * ever lost count of the bytes, a name would not be taken for a request; the loop ends (status 9).
 * After each tool `cat` drains what the tool left, so that it does not lose count.
 * Every answer ends with `token`, a space, a status and NUL, on a stream in which names are followed by NUL.
 *
 *   hello                          the tools that work, by trying them
 *   many   TOOL BYTES              BYTES of NUL-terminated names -> what TOOL -z prints
 *   one    TOOL FROM LENGTH BYTES  (TOOL may be `openssl-NAME`, often several times as fast) a name of BYTES; FROM is the first byte's number from 1, `-` for a whole file
 *   unpack BYTES STREAM            a directory's name, then a tar stream -> what tar complains about
 *   sync   BYTES                   a name on the file system to sync -> what sync complains about
 */
export function shellProgram(token: string): string {
  return [`T=${token}; LC_ALL=C; export LC_ALL; exec 4>&1`, ...framing, ...probes(), ...requests, loop].join("; ");
}

const framing = [
  `finish() { printf '%s %s\\000' "$T" "$1"; }`,
  `name() { f=$(take "$1"; printf .); f=\${f%.}; }`,
  // A tool's status goes by 3, the end of its complaints by 4 to the answer.
  `told() { s=$( { { "$@"; printf %s $? >&3; } 2>&1 | tail -c 2000 >&4; } 3>&1 ); }`,
];

/**
 * `take N` must take N bytes of standard input and not one more. Where head reads ahead (BSD,
 * busybox) dd may do; byte by byte it does everywhere, fast enough for names and not for streams. `flow N` is the same for streams, and tar
 * reads in records of 64 KiB, where both can: small pieces cost both ends more than all the rest.
 */
function probes(): string[] {
  return [
    `takes() { [ "$(printf 'abcdef\\n' | { "\${1:-take}" 3; read -r y; printf ' %s' "$y"; })" = 'abc def' ]; }`,
    `flow() { dd bs=65536 iflag=fullblock,count_bytes count="$1" 2>/dev/null; }`,
    `takes flow || flow() { take "$1"; }`,
    `records=; tar -c -b 128 -f - /dev/null 2>/dev/null | tar -t -b 128 -f - >/dev/null 2>&1 && records='-b 128'`,
    `bulk=yes; take() { head -c "$1"; }`,
    `takes || take() { dd bs=65536 iflag=fullblock,count_bytes count="$1" 2>/dev/null; }`,
    `takes || { bulk=no; take() { dd bs=1 count="$1" 2>/dev/null; }; }`,
    `hello() { printf '\\000'; takes && printf 'names '; ` +
      `for t in ${Object.values(toolNames).join(" ")}; do ` +
      `printf x | $t >/dev/null 2>&1 && printf '%s ' $t; printf x | $t -z >/dev/null 2>&1 && printf '%s-z ' $t; done; ` +
      `for o in ${Object.values(opensslNames).join(" ")}; do ` +
      `case $(printf x | openssl dgst -r "-$o" 2>/dev/null) in *' *stdin') printf 'openssl-%s ' $o;; esac; done; ` +
      `[ "$(printf 'a b\\000c\\000' | xargs -0 printf '<%s>' 2>/dev/null)" = '<a b><c>' ] && printf 'xargs '; ` +
      `[ "$(printf abcdef | tail -c +3 | head -c 2)" = cd ] && printf 'ranges '; ` +
      `[ $bulk = yes ] && command -v tar >/dev/null 2>&1 && printf 'tar '; ` +
      `case $(sync --help 2>&1) in *file*system*) printf 'sync ';; esac; printf '\\000'; finish 0; }`,
  ];
}

const requests = [
  `hash() { case $1 in openssl-*) openssl dgst -r "-\${1#openssl-}";; *) "$1";; esac; }`,
  `many() { take "$2" | { xargs -0 "$1" -z -- 2>/dev/null; s=$?; cat >/dev/null; finish $s; }; }`,
  `one() { name "$4"; ( exec 2>/dev/null; [ -f "$f" ] && exec <"$f" || exit 1; ` +
    `if [ "$2" = - ]; then hash "$1"; else tail -c "+$2" | head -c "$3" | hash "$1"; fi ); s=$?; printf '\\000'; finish $s; }`,
  `unpack() { name "$1"; flow "$2" | { told tar -x $records -p -o -f - -C "$f"; cat >/dev/null; printf '\\000'; finish "$s"; }; }`,
  `syncfs() { name "$1"; told sync -f -- "$f" </dev/null; printf '\\000'; finish "$s"; }`,
];

const loop =
  `while read -r t v a b c d; do [ "$t" = "$T" ] || exit 9; ` +
  `case $v in hello) hello;; many) many "$a" "$b";; one) one "$a" "$b" "$c" "$d";; ` +
  `unpack) unpack "$a" "$b";; sync) syncfs "$a";; *) exit 9;; esac; done`;
