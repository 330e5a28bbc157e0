import type { ErrorCode } from "../../../kernel/error-codes.ts";
import { never } from "../../../kernel/errors.ts";
import type { Exit } from "./child.ts";

/** `connecting` until the far side has answered in the protocol that was asked for. */
export type Phase = "connecting" | "connected";

/** What ssh's ending means. Its texts are not translated, and hardly changed in twenty years. */
const meanings: Array<{ pattern: RegExp; code: ErrorCode }> = [
  { pattern: /^Host key for .* has changed|^No .* host key is known for/, code: "host-key-changed" },
  { pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/, code: "host-key-changed" },
  { pattern: /subsystem request failed/, code: "no-sftp" },
  {
    pattern: /kex_exchange_identification: |ssh_exchange_identification: |Not allowed at this time|Exceeded MaxStartups/,
    code: "too-many-connections",
  },
  {
    pattern: /open failed: (administratively prohibited|resource shortage|connect failed: open failed)|Session open refused by peer/,
    code: "too-many-connections",
  },
  {
    pattern:
      /Permission denied \(|Permission denied, please try again|Too many authentication failures|No supported authentication methods/,
    code: "login-refused",
  },
  { pattern: /Could not resolve hostname|Name or service not known|Temporary failure in name resolution/, code: "unreachable" },
  {
    pattern: /Connection refused|No route to host|Network is unreachable|Connection timed out|Operation timed out|Host is down/,
    code: "unreachable",
  },
  {
    pattern:
      /Bad configuration option|Can't open user config file|Bad owner or permissions|terminating, \d+ bad configuration|no such identity/i,
    code: "ssh-failed",
  },
  {
    pattern:
      /Broken pipe|Connection reset by|Connection closed by|closed by remote host|Timeout, server .* not responding|Connection corrupted/,
    code: "connection-lost",
  },
];

/** Lines that come with every connection and explain nothing: a banner, the warnings of ssh. */
const noise = /^(Warning: Permanently added|\*\* |Killed by signal|debug\d: |@+)/;

/**
 * How the child ended and what it said, as a code and a line for a person. Pure; the texts in the
 * test were taken from real endings.
 */
export function classifyExit(exit: Exit | null, lines: string[], phase: Phase): { code: ErrorCode; detail: string } {
  if (exit?.kind === "not-started") return { code: "ssh-failed", detail: `the command could not be started: ${exit.errno}` };
  const found = meaningOf(lines, phase);
  const words =
    found?.line ??
    lines
      .filter((line) => !noise.test(line))
      .slice(-2)
      .join("; ");
  const how = describe(exit);
  return { code: found?.code ?? fallback(exit, phase), detail: words === "" ? how : `${how}: ${words}`.slice(0, 500) };
}

/** The first meaning in the table that any line has: causes stand before consequences there. */
function meaningOf(lines: string[], phase: Phase): { code: ErrorCode; line: string } | null {
  for (const { pattern, code } of meanings) {
    const line = lines.findLast((text) => pattern.test(text));
    if (line === undefined) continue;
    if (code === "connection-lost" && phase === "connecting") return { code: "unreachable", line };
    // A connection that worked is lost, whatever was said; what stands in the way of the next one, that one will tell.
    return { code: phase === "connected" ? "connection-lost" : code, line };
  }
  return null;
}

function fallback(exit: Exit | null, phase: Phase): ErrorCode {
  if (phase === "connected") return "connection-lost";
  // 255 is ssh's own; any other status is that of the far side's command.
  return exit?.kind === "status" && exit.status !== 255 ? "no-sftp" : "ssh-failed";
}

function describe(exit: Exit | null): string {
  if (exit === null) return "ssh still runs";
  switch (exit.kind) {
    case "status":
      return `ssh exit ${exit.status}`;
    case "signal":
      return `ssh ended by ${exit.signal}`;
    case "not-started":
      return `ssh not started: ${exit.errno}`;
    default:
      return never(exit);
  }
}
