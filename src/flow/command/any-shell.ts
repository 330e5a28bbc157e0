import { quoteText } from "./shell-quote.ts";

/** Within single quotes these mean something to one login shell or another: a quote to all, a backslash to fish, `!` and a newline to csh. */
const SPECIAL = /['\\!\n`]/g;

/**
 * A command that gives a script to a POSIX shell, whatever login shell reads the command first: sh and its like, csh, tcsh and fish quote in ways
 * of their own, so that nothing that they would read differently stands in it.
 */
export function forAnyShell(script: string): string {
  const written = script.replaceAll(SPECIAL, (character) => `\\0${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
  // The word between is what the shell calls itself when it complains.
  return `sh -c 'eval "$(printf %b "$1")"' sh ${quoteText(written)}`;
}

/** How many bytes a part of a script has in it. */
export function anyShellBytes(part: string): number {
  return Buffer.byteLength(part) + 4 * (part.match(SPECIAL)?.length ?? 0);
}
