import { nearest } from "../../config/nearest.ts";
import type { Remarks } from "../remark.ts";
import { type ArgumentName, argumentNames, specOf } from "./argument-table.ts";
import type { Word } from "./words.ts";

/** The value of each argument that is given; a flag's is empty. The last one of a name counts. */
export type Given = ReadonlyMap<ArgumentName, Word>;

/**
 * `--key value`, `--key=value`, and a name cut short where only one begins like that, as Python's argparse takes them. What is wrong is an
 * error in the remarks, one line each; the rest is read all the same, so that all faults are told at once.
 */
export function readArguments(words: readonly Word[], remarks: Remarks): Given {
  const given = new Map<ArgumentName, Word>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const [, written, inline] = /^--([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word.text) ?? [];
    if (written === undefined) {
      remarks.error(word.at, `${JSON.stringify(word.text)} stands where an argument such as --archive-name is expected`);
      continue;
    }
    const name = nameOf(written, word, remarks);
    const next = words[at + 1];
    const takesNext = inline === undefined && next !== undefined && !isArgument(next.text);
    if (name === null) {
      // Whatever it was meant to be, its value is not an argument of its own.
      if (takesNext) at++;
      continue;
    }
    if (specOf(name).kind === "flag") {
      if (inline === undefined) given.set(name, { text: "", at: word.at });
      else remarks.error(word.at, `--${name} takes no value`);
      continue;
    }
    if (inline !== undefined) given.set(name, { text: inline, at: word.at });
    else if (takesNext) {
      given.set(name, { text: next.text, at: word.at });
      at++;
    } else remarks.error(word.at, `--${name} needs a value`);
  }
  return given;
}

/** A value may begin with a dash where it is a number. */
function isArgument(text: string): boolean {
  return /^--?[A-Za-z]/.test(text);
}

function nameOf(written: string, word: Word, remarks: Remarks): ArgumentName | null {
  const exact = argumentNames.find((name) => name === written);
  if (exact !== undefined) return exact;
  const begun = argumentNames.filter((name) => name.startsWith(written));
  if (begun.length === 1) return begun[0]!;
  const meant = nearest(written, argumentNames);
  if (begun.length > 1) remarks.error(word.at, `--${written} could be ${begun.map((name) => `--${name}`).join(" or ")}`);
  else remarks.error(word.at, `there is no argument --${written}`, meant === null ? null : `--${meant}`);
  return null;
}
