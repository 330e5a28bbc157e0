import { printable } from "../../importers/remark.ts";
import type { CliContext } from "../command.ts";
import type { Words } from "./arguments.ts";
import { type Places, placesOf } from "./places.ts";

/** Who asks, what, and where things are: all that a command needs that only looks. */
export class Asking {
  readonly context: CliContext;
  readonly words: Words;
  readonly places: Places;

  constructor(context: CliContext, words: Words) {
    this.context = context;
    this.words = words;
    this.places = placesOf(context);
  }

  say(line: string): void {
    this.context.stdout.write(`${shown(line)}\n`);
  }

  complain(line: string): void {
    this.context.stderr.write(`${shown(line)}\n`);
  }
}

/** No name of a file moves the cursor. Lines stay lines. */
export function shown(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
