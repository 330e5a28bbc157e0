import { fileURLToPath } from "node:url";
import { parseDocument, Scalar } from "yaml";

/** `directory` is the source, `url` the destination, as they are meant: `${` in them is no variable. `ssh` where it is not the default. */
export type Example = { flow: string; directory: string; url: string; ssh?: readonly string[]; schema?: string };

/** The shipped JSON Schema: beside `src/` and `dist/` alike. */
const shippedSchema = fileURLToPath(new URL("../../schema/hotdir.schema.json", import.meta.url));

/** The configuration that `quickstart` and `init` write. */
export function exampleConfiguration({ flow, directory, url, ssh, schema = shippedSchema }: Example): string {
  const sshLine = ssh === undefined ? "" : `      ssh: [${ssh.map(literal).join(", ")}]\n`;
  return `# yaml-language-server: $schema=${schema.replaceAll(/[\r\n]/g, "")}
# Every key, its default and its meaning: docs/reference/configuration.md. After a change: hotdir check
flows:
  ${literal(flow)}:
    source:
      directory: ${literal(directory)}
      # Names that are not sent: what is still being made, and hidden files.
      reject:
        - '\\.tmp$'
        - '(^|/)\\.'
    destination:
      url: ${literal(url)}
${sshLine}    # Delivered files stay in the source. To remove them: {delete_after: 7d} or {hold: DIRECTORY}
    retain: keep
`;
}

/** A text as YAML has it on one line, plain where that is safe. */
function literal(text: string): string {
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
