import { redact } from "./redact.ts";

/** All that moves a cursor, colours or titles a terminal, but the ends of lines. */
const controls = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g;

/**
 * What somebody else said (a web server, a message, the far side's last words), to be shown to a person: without what opens doors, and
 * with nothing in it that a terminal would obey.
 */
export function othersWords(text: string): string {
  return redact(text)
    .replaceAll(/\r+(?=\n|$)/g, "")
    .replaceAll(controls, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
