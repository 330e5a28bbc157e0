import { resolve } from "node:path";
import { errnoOf, messageOf } from "../../kernel/errors.ts";
import { bytesOfText, show } from "../../kernel/path.ts";
import { formatBytes, formatMany } from "../../kernel/readable.ts";
import { type AddLocalFiles, addLocalFiles, type Tally } from "../../suprsync/add-local-files.ts";
import { SuprsyncDatabase } from "../../suprsync/database.ts";
import { checkArchive, checkLocalPath } from "../../suprsync/registration.ts";
import type { CliContext } from "../command.ts";
import { Output } from "../output.ts";
import { createOption, misused, secondsIn, type Tool, type ToolArguments } from "./tool.ts";

const LAST_EDIT_S = 60;
/** Of a dry run, so many are shown. */
const SHOWN = 10;

export const addLocalFilesTool: Tool = {
  usage: "add-local-files ROOT ARCHIVE [--last-edit SECONDS] [--create-db] [--dry]",
  says: "adds every file below a directory that the archive does not have",
  options: {
    "last-edit": { type: "string", value: "SECONDS", says: "of add-local-files: only what nobody changed for so long (60)" },
    "create-db": createOption,
    dry: { type: "boolean", says: "of add-local-files: only tell what would be added" },
  },
  positionals: 2,
  async run(args, context) {
    const [root, archive] = [checkLocalPath(args.positionals[0] ?? ""), checkArchive(args.positionals[1] ?? "")];
    const lastEditS = secondsIn("add-local-files", args.values, "last-edit") ?? LAST_EDIT_S;
    const dry = args.values["dry"] === true;
    using database = await openFor(args, dry);
    const telling = new Telling(args, context, { root, archive, dry });
    const common = { database, archive, root, lastEditS, dry, signal: context.signal };
    const tally = await begin({ ...common, tell: (what) => telling.tell(what) });
    await telling.end(tally);
    return tally.skipped === 0 ? 0 : 1;
  },
};

/** A dry run makes nothing: null where there is nothing yet. */
async function openFor({ values, database, waiting }: ToolArguments, dry: boolean): Promise<SuprsyncDatabase | null> {
  const create = values["create-db"] === true;
  if (!dry) return await SuprsyncDatabase.openForWriting(database, { create, ...waiting });
  return create ? await SuprsyncDatabase.openIfMade(database, waiting) : await SuprsyncDatabase.openForReading(database, waiting);
}

async function begin(options: AddLocalFiles): Promise<Tally> {
  try {
    return await addLocalFiles(options);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw misused("add-local-files", messageOf(error));
  }
}

type Told = Parameters<AddLocalFiles["tell"]>[0];

/** Facts as text or as one JSON object; what cannot be added goes to standard error as it is met. */
class Telling {
  readonly #json: boolean;
  readonly #about: { root: string; archive: string; dry: boolean };
  readonly #database: string;
  readonly #stderr: CliContext["stderr"];
  readonly #output: Output;
  #count = 0;

  constructor({ json, database }: ToolArguments, { stdout, stderr }: CliContext, about: { root: string; archive: string; dry: boolean }) {
    this.#json = json;
    this.#about = about;
    this.#database = resolve(database);
    this.#stderr = stderr;
    this.#output = new Output(stdout);
  }

  async tell(what: Told): Promise<void> {
    if ("why" in what) {
      this.#stderr.write(`hotdir suprsync: ${show(bytesOfText(what.path))} is passed over: ${what.why}\n`);
      return;
    }
    if (this.#json)
      await this.#output.write(
        `${this.#count === 0 ? '{"files": [' : ","}\n${JSON.stringify({ local_path: what.path, remote_path: what.remotePath })}`,
      );
    else if (this.#about.dry && this.#count < SHOWN)
      await this.#output.write(`${this.#count === 0 ? this.#dryHead() : ""}${this.#line(what)}`);
    this.#count++;
  }

  async end(tally: Tally): Promise<void> {
    const { dry, root, archive } = this.#about;
    const rest = `${tally.known} known already, ${tally.young} changed a moment ago, ${tally.skipped} passed over`;
    const facts = { added: tally.added, bytes: tally.addedBytes, known: tally.known, young: tally.young, skipped: tally.skipped, dry };
    if (this.#json) await this.#output.write(`${this.#count === 0 ? '{"files": [' : "\n"}], ${JSON.stringify(facts).slice(1)}\n`);
    else if (dry && tally.added === 0)
      await this.#output.write(`${this.#dryHead().split("\n", 2).join("\n")}\nNo files to add (${rest})\n`);
    else if (dry) await this.#output.write(`Would add ${formatMany(tally.added, "file")} (${rest})\n`);
    else
      await this.#output.write(
        `Added ${formatMany(tally.added, "file")} (${formatBytes(tally.addedBytes)}) of ${root} to ${archive} in ${this.#database} (${rest})\n`,
      );
    await this.#output.flush();
  }

  #dryHead(): string {
    return `Dry run\n${"-".repeat(40)}\nWould add files, including:\n`;
  }

  #line({ path, remotePath }: { path: string; remotePath: string }): string {
    return `${this.#count}: ${show(bytesOfText(path))} --> ${show(bytesOfText(remotePath))}\n`;
  }
}
