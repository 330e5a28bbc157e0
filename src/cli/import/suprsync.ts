import type { CliContext } from "../command.ts";
import { givenAgents, refuseAgents } from "../suprsync/given-agents.ts";
import { checkOutput, misused, writeImported } from "./output.ts";

/** `import suprsync`: an agent's arguments, or those of a site configuration, to YAML; the exit status. */
export function importSuprsync(argv: readonly string[], context: CliContext): number {
  const { words, output } = takeOutput(argv);
  checkOutput(output);
  const imported = givenAgents(words, { command: "import suprsync", isMany: true }, context);
  const { yaml, flows, remarks } = imported;
  if (yaml === null) return refuseAgents(imported, "import suprsync", context);
  writeImported({ yaml, flows, remarks }, output, context);
  return 0;
}

/** The other words are the agent's. */
function takeOutput(argv: readonly string[]): { words: string[]; output: string | null } {
  const words: string[] = [];
  let output: string | null = null;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    const [, inline] = /^(?:--output|-o)=(.*)$/s.exec(word) ?? [];
    if (word !== "-o" && word !== "--output" && inline === undefined) words.push(word);
    else output = inline ?? argv[++at] ?? "";
    if (output === "") throw misused(`${word} needs a value`);
  }
  return { words, output };
}
