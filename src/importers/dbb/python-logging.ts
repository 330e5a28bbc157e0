import type { Remarks } from "../remark.ts";
import type { SectionReader } from "./section-reader.ts";

const pythonLevels = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const;
export type PythonLevel = (typeof pythonLevels)[number];

/** When a file is put aside, and how many of those stay. */
export type Rotation =
  | { kind: "size"; bytesMax: number; backups: number }
  | { kind: "time"; when: RotationTime; interval: number; backups: number };
const rotationTimes = ["S", "M", "H", "D", "W0", "W1", "W2", "W3", "W4", "W5", "W6", "midnight"] as const;
export type RotationTime = (typeof rotationTimes)[number];

/** As Python's `logging` has it. `file` null: standard error. */
export type PythonLogging = { format: string; file: string | null; level: PythonLevel; rotation: Rotation | null };

/** The fields of a format that there is something to say for. */
const logFields = [
  "asctime",
  "created",
  "filename",
  "funcName",
  "levelname",
  "levelno",
  "lineno",
  "message",
  "module",
  "msecs",
  "name",
  "pathname",
  "process",
  "processName",
  "relativeCreated",
  "thread",
  "threadName",
] as const;
export type LogField = (typeof logFields)[number];

const FORMAT = "%(asctime)s:%(name)s:%(levelname)s:%(message)s";
/** One place of a format, as Python's `%` has it. */
export const formatPlace = /%(?:%|\((\w*)\)([-+ #0]*)(\d*)(?:\.(\d+))?([a-zA-Z]))/g;

/** The section `logging` of a DBB buffer manager. */
export function readLogging(section: SectionReader, remarks: Remarks): PythonLogging {
  const format = section.text("format");
  if (format !== null) checkFormat(format, remarks);
  const file = section.text("file");
  const level = section.oneOf("level", pythonLevels)?.value ?? "INFO";
  const rotate = section.oneOf("rotate", ["TIME", "SIZE"])?.value ?? null;
  const when = section.oneOf("when", rotationTimes)?.value ?? "H";
  const interval = section.whole("interval", 1)?.value ?? 1;
  const bytesMax = section.whole("maxbytes", 0)?.value ?? 0;
  const backups = section.whole("backup_count", 0)?.value ?? 0;
  section.noteRest();
  const rotation: Rotation | null =
    rotate === null
      ? null
      : rotate === "SIZE"
        ? { kind: "size", bytesMax, backups }
        : { kind: "time", when: when as RotationTime, interval, backups };
  if (rotation?.kind === "size" && file !== null && (bytesMax === 0 || backups === 0))
    remarks.note(section.at, "logging: with rotate SIZE nothing is rotated while maxbytes or backup_count is 0, as in Python");
  return { format: format?.value ?? FORMAT, file: file?.value ?? null, level: level as PythonLevel, rotation };
}

function checkFormat({ value, at }: { value: string; at: { file: string; line: number } }, remarks: Remarks): void {
  const rest = value.replaceAll(formatPlace, (place, name: string | undefined, _flags, _width, _precision, kind: string | undefined) => {
    if (place === "%%") return "";
    if (!logFields.some((known) => known === name))
      remarks.error(at, `logging.format: %(${name})s is no field; known are ${logFields.join(", ")}`);
    else if (!/[sdif]/.test(kind ?? "")) remarks.error(at, `logging.format: %(${name})${kind} is written with s, d or f`);
    return "";
  });
  if (rest.includes("%")) remarks.error(at, "logging.format: a % stands alone: write %(name)s for a field, or %% for the character");
}
