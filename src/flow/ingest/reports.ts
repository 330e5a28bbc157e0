import * as z from "zod";
import { type AbsPath, type Bytes, bytesOfText } from "../../kernel/path.ts";

/** What the command says of one file. */
export type Report = { status: "success" | "failure"; message: string | null };

const MESSAGE_CHARACTERS_MAX = 1000;
const LOOKED_AT_CHARACTERS = 4096;

/** One line of the command's standard output. `file`: its path, or its place among the arguments, from 1 as a shell counts them. */
const Line = z.object({
  file: z.union([z.string(), z.int().min(1)]),
  status: z.string().transform((text, context): Report["status"] => {
    const word = text.toLowerCase();
    if (word === "success" || word === "failure") return word;
    context.addIssue({ code: "custom", message: "success or failure" });
    return z.NEVER;
  }),
  message: z.string().nullish(),
});

/** Gathers what a command says of the files of one batch; whatever else it prints is no report. */
export class Reports {
  readonly #paths: readonly AbsPath[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #reports = new Map<number, Report>();
  /** Lines that look like reports and are none: told once, or nobody would find out why they count for nothing. */
  readonly misread: string[] = [];
  /** The first of them that may have told of a failure: then an exit status of 0 says nothing of files without a report. null: there is none. */
  doubt: string | null = null;

  constructor(paths: readonly AbsPath[]) {
    this.#paths = paths;
    this.#places = new Map(paths.map((path, at) => [path, at]));
  }

  /** The report on the file at this place in the batch, from 0; null: there is none. The last one counts. */
  of(place: number): Report | null {
    return this.#reports.get(place) ?? null;
  }

  add(line: string): void {
    const json = line.trim().startsWith("{") ? parse(line) : null;
    if (typeof json !== "object" || json === null || !("file" in json)) return;
    const read = Line.safeParse(json);
    const place = read.success ? this.#placeOf(read.data.file) : null;
    if (read.success && place !== null) {
      const { status, message } = read.data;
      this.#reports.set(place, { status, message: message?.slice(0, MESSAGE_CHARACTERS_MAX) ?? null });
    } else this.#misread(line, "status" in json && !(read.success && read.data.status === "success"));
  }

  /** The beginning of a line that was too long to be read. */
  addCut(line: string): void {
    if (/^\s*\{[^]*"file"\s*:/.test(line.slice(0, LOOKED_AT_CHARACTERS))) this.#misread(line, true);
  }

  #misread(line: string, mayTellOfFailure: boolean): void {
    const shown = line.trim().slice(0, 200);
    if (this.misread.length < 3) this.misread.push(shown);
    if (mayTellOfFailure) this.doubt ??= shown;
  }

  #placeOf(file: string | number): number | null {
    if (typeof file === "number") return file <= this.#paths.length ? file - 1 : null;
    return this.#places.get(bytesOfEscaped(file)) ?? null;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** A byte that is no UTF-8 comes as a half of a surrogate pair from Python, whose names of files hold it so (PEP 383). */
function bytesOfEscaped(text: string): Bytes {
  let bytes = "";
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += code >= 0xdc80 && code <= 0xdcff ? String.fromCharCode(code - 0xdc00) : bytesOfText(character);
  }
  return bytes as Bytes;
}
