import { fileURLToPath } from "node:url";
import { parseDocument, Scalar } from "yaml";

/**
 * `directory` is the source, `url` the destination, as they are meant: `${` in them is no variable.
 * `ssh`, `lanes`, `bandwidth` where they are not the default; `retain` is written as it is.
 */
export type Example = {
  flow: string;
  directory: string;
  url: string;
  ssh?: readonly string[];
  lanes?: number;
  bandwidth?: string;
  retain?: string;
  schema?: string;
};

/** The shipped JSON Schema: beside `src/` and `dist/` alike. */
const shippedSchema = fileURLToPath(new URL("../../schema/hotdir.schema.json", import.meta.url));

/** The configuration that `quickstart` and `init` write. */
export function exampleConfiguration(example: Example): string {
  return `# yaml-language-server: $schema=${(example.schema ?? shippedSchema).replaceAll(/[\r\n]/g, "")}
# Every key, its default and its meaning: docs/reference/configuration.md. After a change: hotdir check
flows:
${exampleFlow(example, 2)}`;
}

/** One flow, as it stands below `flows:`, indented by so many blanks. */
export function exampleFlow({ flow, directory, url, ssh, lanes, bandwidth, retain }: Example, indent: number): string {
  const lines = [
    `${literal(flow)}:`,
    "  source:",
    `    directory: ${literal(directory)}`,
    "    # Names that are not sent: what is still being made, and hidden files.",
    "    reject:",
    "      - '\\.tmp$'",
    "      - '(^|/)\\.'",
    "  destination:",
    `    url: ${literal(url)}`,
    ...(ssh === undefined ? [] : [`    ssh: [${ssh.map(literal).join(", ")}]`]),
    "    # The most SSH connections at a time; they open by need.",
    lanes === undefined ? "    # lanes: 5" : `    lanes: ${lanes}`,
    "    # The most that is sent, always or by time of day: [{from: 08:00, to: 18:00, limit: 20MB/s}]",
    bandwidth === undefined ? "    # bandwidth: unlimited" : `    bandwidth: ${bandwidth}`,
    "  # What becomes of delivered files in the source: keep, {delete_after: 7d} or {hold: DIRECTORY}",
    `  retain: ${retain ?? "keep"}`,
    "  # When it sends; without this always.",
    "  # schedule: [{from: 18:00, to: 06:00}]",
  ];
  return lines.map((line) => `${" ".repeat(indent)}${line}\n`).join("");
}

/** A text as YAML has it on one line, plain where that is safe. */
export function literal(text: string): string {
  const escaped = text.replaceAll("${", "$$${");
  const plain = /^[A-Za-z0-9/~_.][\w/~.:@%+=$-]*$/.test(escaped) && isText(escaped);
  return plain
    ? escaped
    : JSON.stringify(escaped).replaceAll(
        /[\u007f-\u009f\u2028\u2029\ufeff]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
}

/** Not a number, `true` or `null` to YAML. */
function isText(plain: string): boolean {
  const { contents, errors } = parseDocument(plain);
  return errors.length === 0 && contents instanceof Scalar && contents.value === plain;
}
