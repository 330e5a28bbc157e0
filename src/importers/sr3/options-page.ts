import type { Carried } from "./option.ts";
import { oldNamesOf } from "./old-names.ts";
import { options } from "./options.ts";
import { fateOf } from "./with-broker/fates.ts";

const fates: Record<Carried["how"], string> = {
  into: "carried over",
  joins: "is used",
  reads: "is read",
  needless: "not needed",
  left: "left out",
  refused: "**refused**",
};

/** `docs/reference/sr3-options.md` */
export function optionsPage(): string {
  const rows = [...options.values()]
    .toSorted((a, b) => a.name.toLowerCase().localeCompare(b.name.toLowerCase()))
    .map(({ name, type, preset, components, carried }) => {
      const old = oldNamesOf(name)
        .map((one) => `\`${one}\``)
        .join(", ");
      const over = told(fateOf(name)?.carried ?? carried);
      const without = told(carried);
      const shown = preset === "" ? "" : `\`${preset.replaceAll("|", "\\|")}\``;
      return `| \`${name}\`${old === "" ? "" : ` (${old})`} | ${type} | ${shown} | ${components} | ${over} | ${without === over ? "" : without} |`;
    });
  return [
    "# Options of Sarracenia (sr3)",
    "",
    "<!-- Made by scripts/generate-reference.ts from the tables in src/importers/sr3. Change those. -->",
    "",
    "What `hotdir import sr3`, and `hotdir sr3`, make of each option, as of sr3 3.00.56; in the last column what `hotdir import sr3",
    "--without-broker` makes of it, where that is something else. In brackets the old names, which are taken as well. The defaults are",
    "those that are in effect, which are not always those of sr3's manual.",
    "",
    "*Carried over*: into that key of the flow. *Not needed*, *left out*: a note with file and line. *Refused*: where it is set to",
    "something else than its default, files would arrive elsewhere or not at all, so that the import ends with an error.",
    "",
    "| option | type | default | of | over the broker | without a broker |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function told(carried: Carried): string {
  return `${fates[carried.how]}: ${written(carried)}`;
}

function written({ how, what }: Carried): string {
  return how === "into" ? what.replace(/^[a-z_.]+/, (key) => `\`${key}\``) : what;
}
