/**
 * Changes of permission bits, as `chmod(1)` and rsync's `--chmod` write them: clauses that are made one after the other. Plain data, so
 * that a thread can be given it.
 */
export type Chmod = {
  /** As it was written. */
  text: string;
  clauses: ChmodClause[];
};

export type ChmodClause = {
  /** rsync's `F` and `D`; without either, both. */
  files: boolean;
  directories: boolean;
} & (
  | { kind: "octal"; mode: number }
  | {
      kind: "symbolic";
      operator: "+" | "-" | "=";
      /** The bits that `ugoa` may touch; null: none was named, so all. */
      affected: number | null;
      bits: number;
      /** `X`: the execute bits, where there is one already or it is a directory. */
      executeWhereSensible: boolean;
      /** The bits of one class (`u`, `g` or `o`), which are copied to the others; 0: none are. */
      copied: number;
    }
);

const ALL = 0o7777;
const EXECUTE = 0o111;
/** Set-user-ID and set-group-ID: on a directory they stay as they are unless a clause names them. */
const SET_ID = 0o6000;

/** The bits of each class, with the special one that belongs to it. */
export const classBits: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: ALL };

/** The mode after all clauses. As GNU chmod does it with an umask of 0; octal clauses as rsync does, which set all bits. Pure. */
export function changedMode(mode: number, chmod: Chmod, kind: "file" | "directory"): number {
  const clauses = chmod.clauses.filter((clause) => (kind === "file" ? clause.files : clause.directories));
  return clauses.reduce((now, clause) => afterClause(now, clause, kind), mode & ALL);
}

function afterClause(mode: number, clause: ChmodClause, kind: "file" | "directory"): number {
  if (clause.kind === "octal") return clause.mode;
  const touched = clause.affected ?? ALL;
  const stays = kind === "directory" ? SET_ID & ~(touched & clause.bits) : 0;
  const execute = clause.executeWhereSensible && (kind === "directory" || (mode & EXECUTE) !== 0) ? EXECUTE : 0;
  const value = (clause.bits | execute | spread(mode & clause.copied)) & touched & ~stays;
  switch (clause.operator) {
    case "+":
      return mode | value;
    case "-":
      return mode & ~value;
    case "=":
      return (mode & (~touched | stays)) | value;
  }
}

/** What one class may, for all three. */
function spread(bits: number): number {
  return [0o444, 0o222, 0o111].reduce((all, permission) => ((bits & permission) === 0 ? all : all | permission), 0);
}
