/**
 * Takes what opens doors out of a text, whoever wrote it: the far side's last words, a library's message, an address
 * from a configuration. At the edges where text leaves the program (the log, errors), so that nobody has to think of it.
 */

const HIDDEN = "***";

/** Most texts have none of these in them; the patterns below are for those that do. */
const suspicious =
  /:\/\/|-----BEGIN|sshpass|--proxy-|bearer|basic|authorization|cookie|passw|passphrase|pwd|secret|token|api.?key|access.?key|private.?key|credential|signature|eyJ|gh[a-z]_|github_pat|xox|glpat|AKIA|ASIA/i;

const keyName =
  "[\\w.-]{0,40}(?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|signature)[\\w.-]{0,40}";

const patterns: Array<[RegExp, string]> = [
  // A private key, also one that was cut off or whose line ends were escaped.
  [/-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}-----|$)/g, `[private key ${HIDDEN}]`],
  // `scheme://user:password@host`: the user may stay. A web address has no user without a secret in it.
  [/(https?:\/\/)[^\s/@"'<>]*(?:@[^\s/@"'<>]*)*@/gi, `$1${HIDDEN}@`],
  [/([a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@"'<>]*):[^\s/"'<>]*@/gi, `$1:${HIDDEN}@`],
  // Addresses that are a secret themselves: whoever knows one may post there.
  [
    /(https?:\/\/(?:hooks\.slack\.com|discord(?:app)?\.com|[\w.-]+\.webhook\.office\.com|[\w.-]+\.logic\.azure\.com))\/[^\s"'<>]*/gi,
    `$1/${HIDDEN}`,
  ],
  // Headers, to the end of their line.
  [/((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s{0,4}[:=]\s{0,4}["']?)[^\r\n"']+/gi, `$1$2${HIDDEN}`],
  [/\b(bearer|basic|negotiate)(\s+)[\w.~+/=:-]{6,}/gi, `$1$2${HIDDEN}`],
  // `token=...`, `"token": "..."`, and `token: ...` where it looks like none of our words (a file may be called so): `token: the file is gone`.
  [new RegExp(`(${keyName})(["']?\\s{0,4}=\\s{0,4})("[^"]*"|'[^']*'|[^\\s"'&,;)}\\]]+)`, "gi"), `$1$2${HIDDEN}`],
  [
    new RegExp(
      `(${keyName})(["']?\\s{0,4}:\\s{0,4})("[^"]*"|'[^']*'|(?=[^\\s]*\\d)[^\\s"',;)}\\]]{8,}|[^\\s"',;)}\\]]+(?=\\s{0,4}$|[\\r\\n"',;)}\\]]))`,
      "gi",
    ),
    `$1$2${HIDDEN}`,
  ],
  // Programs that take one as a word of their command line.
  [/(\bsshpass\s+-p\s{0,4}|--proxy-(?:auth|user)[ =])('[^']*'|"[^"]*"|[^\s'"]+)/gi, `$1${HIDDEN}`],
  // Tokens that are known by their looks.
  [/\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g, HIDDEN],
  [/\b(?:gh[opsur]_\w{16,}|github_pat_\w{16,}|xox[a-z]-[\w-]{8,}|glpat-[\w-]{8,}|(?:AKIA|ASIA)[A-Z0-9]{12,})/g, HIDDEN],
];

/** The text without passwords, keys and tokens. */
export function redact(text: string): string {
  if (!suspicious.test(text)) return text;
  let shown = text;
  for (const [pattern, replacement] of patterns) shown = shown.replace(pattern, replacement);
  return shown;
}

/** Facts that are ours and hold no secret; a file's name is none, whatever it is called. */
const plainFacts: ReadonlySet<string> = new Set(["flow", "path", "from", "to", "kind", "basis", "digest", "algorithm", "method", "code"]);
/** A fact under such a name is one, whatever it looks like. */
const secretFact = new RegExp(`^(?:${keyName}|(?:proxy-)?authorization|(?:set-)?cookie)$`, "i");
const DEPTH_MAX = 6;

/** The same for what is written beside a text. */
export function redactFacts(facts: Record<string, unknown>): Record<string, unknown> {
  let changed: Record<string, unknown> | null = null;
  for (const name in facts) {
    if (plainFacts.has(name)) continue;
    const value = facts[name];
    if (typeof value === "number" || typeof value === "boolean" || value === null || value === undefined) continue;
    const shown = secretFact.test(name) ? HIDDEN : redactValue(value, DEPTH_MAX);
    if (shown !== value) (changed ??= { ...facts })[name] = shown;
  }
  return changed ?? facts;
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return "...";
  if (value instanceof Error) return { message: redact(value.message) };
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth - 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, secretFact.test(name) ? HIDDEN : redactValue(inner, depth - 1)]),
  );
}
