import type { Random } from "./random.ts";

/**
 * Names that break programs which let a shell, a terminal, a regular expression or a character set
 * near them. Byte strings; `tag` keeps them apart. None ends in `.tmp`, which stands for inflight.
 */
export const hostileNames: ReadonlyArray<(tag: string) => string> = [
  (tag) => `with space ${tag}`,
  (tag) => ` leading and trailing ${tag} `,
  (tag) => `quote'${tag}`,
  (tag) => `double"${tag}`,
  (tag) => `back\\slash${tag}`,
  (tag) => `new\nline${tag}`,
  (tag) => `return\r${tag}`,
  (tag) => `tab\t${tag}`,
  (tag) => `-rf${tag}`,
  (tag) => `--help=${tag}`,
  (tag) => `$(touch owned-${tag})`,
  (tag) => `\`touch owned-${tag}\``,
  (tag) => `;touch owned-${tag};`,
  (tag) => `|cat&${tag}`,
  (tag) => `*?[a-z]{a,b}${tag}`,
  (tag) => `%s%d%n${tag}`,
  (tag) => `~${tag}`,
  (tag) => `#${tag}`,
  (tag) => `!${tag}`,
  (tag) => `a:b@c${tag}`,
  (tag) => `<${tag}>`,
  (tag) => `.hidden${tag}`,
  (tag) => `...${tag}`,
  (tag) => `${tag}\u0001\u001b[31m\u007f`,
  (tag) => `not-utf8-\u00ff\u00fe\u0080${tag}`,
  (tag) => `utf8-\u00c3\u00a9\u00e2\u0082\u00ac\u00f0\u009f\u0093\u0081${tag}`,
  (tag) => `overlong-\u00c0\u00af${tag}`,
  (tag) => `decomposed-e\u00cc\u0081${tag}`,
  (tag) => `${tag}${"n".repeat(255 - tag.length)}`,
  (tag) => `${tag}${"\u00ff".repeat(255 - tag.length)}`,
  (tag) => `${tag}${"m".repeat(250 - tag.length)}`,
];

export function chooseName(random: Random, tag: string, hostile: number): string {
  return random.chance(hostile) ? random.pick(hostileNames)(tag) : `${tag}.dat`;
}
