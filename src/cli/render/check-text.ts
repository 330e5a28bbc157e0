import type { Origin } from "../../config/parse.ts";
import { guaranteeMeans } from "../../flow/guarantee.ts";
import { formatMany } from "../../kernel/readable.ts";
import { type Finding, findingsOf, type FlowCheck } from "../probe/finding.ts";
import type { Look, Style } from "./terminal.ts";

const marks: Record<Finding["level"], { mark: string; style: Style }> = {
  good: { mark: "ok", style: "green" },
  note: { mark: "note", style: "yellow" },
  problem: { mark: "BAD", style: "red" },
};

export function checkText(checks: FlowCheck[], look: Look): string {
  return `${checks.map((check) => flowText(check, look)).join("\n\n")}\n`;
}

function flowText(check: FlowCheck, look: Look): string {
  return [
    `${look.paint("bold", check.flow)}: ${check.from} → ${check.to}`,
    ...findingsOf(check).flatMap((finding) => findingLines(finding, look)),
    `  ${look.paint("bold", "guarantee")}: ${check.guarantee}: ${guaranteeMeans[check.guarantee]}`,
  ].join("\n");
}

function findingLines({ level, text, fix }: Finding, look: Look): string[] {
  const { mark, style } = marks[level];
  return [`  ${look.paint(style, mark.padEnd(4))}  ${text}`, ...(fix === undefined ? [] : [`        → ${fix}`])];
}

/** What to do with all that. */
export function conclusion(checks: FlowCheck[], look: Look): string {
  const findings = checks.flatMap((check) => findingsOf(check));
  const count = (level: Finding["level"]): number => findings.filter((finding) => finding.level === level).length;
  const [problems, notes] = [count("problem"), count("note")];
  if (problems > 0) return `${look.paint("red", formatMany(problems, "problem"))}: do what stands after → and run 'hotdir check' again\n`;
  return notes > 0 ? `No problem; ${formatMany(notes, "note")} worth knowing\n` : `${look.paint("green", "All is well")}\n`;
}

/** Every value with where it comes from. */
export function originsText(origins: ReadonlyMap<string, Origin>): string {
  const width = Math.max(0, ...Array.from(origins.keys(), (path) => path.length));
  return Array.from(origins, ([path, { value, from }]) => `${path.padEnd(width)}  ${value}  (${from})\n`).join("");
}
