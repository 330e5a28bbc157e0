/** Words of a binding key are the directories of a path; a dot in a directory's name makes two words of it. */
const special = /[\\^$.*+?()[\]{}|]/g;

/** Paths (`relPath`) whose key the subtopic binds, as an expression from their start; null: all. */
export function subtopicExpression(subtopic: string): string | null {
  const words = subtopic.split(/[./]/).filter((word) => word !== "");
  while (words.at(-1) === "#" && words.at(-2) === "#") words.pop();
  if (words.every((word) => word === "#")) return null;
  const open = words.at(-1) === "#";
  const named = open ? words.slice(0, -1) : words;
  let expression = "";
  for (const [at, word] of named.entries()) {
    const isLast = at === named.length - 1;
    if (word === "#") {
      expression += "(?:.*[/.])?";
      continue;
    }
    expression +=
      word === "*"
        ? "[^/.]*"
        : word
            .replaceAll("%23", "#")
            .replaceAll("%22", "*")
            .replaceAll(special, String.raw`\$&`);
    // The last word ends with its directory, or goes on with more of them.
    if (!isLast) expression += "[/.]";
    else expression += open ? String.raw`(?:/|\..*/)` : "/[^/]*$";
  }
  return expression;
}
