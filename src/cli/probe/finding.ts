import type { ErrorCode } from "../../kernel/error-codes.ts";
import type { Guarantee } from "../../flow/guarantee.ts";

/** `good` is as it should be, `note` is worth knowing, `problem` keeps the flow from doing its work. */
export type Finding = {
  level: "good" | "note" | "problem";
  text: string;
  /** The line to change, or the command to run. */
  fix?: string;
  /** The destination's directory is not there, and could be made. */
  missing?: true;
};

export type FlowCheck = {
  flow: string;
  from: string;
  to: string;
  guarantee: Guarantee;
  source: Finding[];
  destination: Finding[];
  retention: Finding[];
  announce: Finding[];
  /** What is done with deliveries on this machine. */
  finish: Finding[];
  /** null: the destination answered. */
  unreachable: ErrorCode | null;
};

/** All of a flow's, in the order in which they are told. */
export function findingsOf({ source, destination, retention, announce, finish }: FlowCheck): Finding[] {
  return [...source, ...destination, ...retention, ...announce, ...finish];
}

export function good(text: string): Finding {
  return { level: "good", text };
}

export function note(text: string, fix?: string): Finding {
  return fix === undefined ? { level: "note", text } : { level: "note", text, fix };
}

export function problem(text: string, fix: string): Finding {
  return { level: "problem", text, fix };
}
