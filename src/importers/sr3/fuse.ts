import type { NativeEntry, NativeFlow } from "../native-document.ts";
import type { At, Remarks } from "../remark.ts";
import { formatName } from "./configuration-file.ts";
import { type DestinationContext, restEntries, sendingEntry } from "./destination-keys.ts";
import { afterPrefix, trimmed } from "../expression/derive.ts";
import { parseExpression } from "../expression/parse.ts";
import * as keys from "./flow-keys.ts";
import { both, everything, type Mask, type Selection, selectBy, type Term, writeTerms } from "./masks.ts";
import type { Meeting } from "./meeting.ts";
import { place } from "./placement.ts";
import { addressing, type Poster } from "./poster.ts";
import { noteLines, notePlaces } from "./side-notes.ts";
import { subtopicExpression } from "./topic.ts";
import type { Placement } from "./values.ts";

export type FuseContext = DestinationContext & { nameFlow: (wanted: string) => string };

/** The flows that do without a broker what a poster and a sender do with one: one for each path and each place that its files go to. */
export function fuse(meeting: Meeting, name: string, context: FuseContext, remarks: Remarks): NativeFlow[] {
  const { poster, sender } = meeting;
  noteLines(poster.configuration, "poster", remarks);
  noteLines(sender.configuration, "sender", remarks);
  notePlaces(sender.configuration, remarks);
  const isWatch = poster.kind === "watch";
  const directories = isWatch ? outermost(poster, remarks) : [postedBase(meeting, remarks)];
  const errors = (): number => remarks.all.filter(({ kind }) => kind === "error").length;
  const before = errors();
  const flows = directories.flatMap((directory) => fuseDirectory(meeting, directory, name, context, remarks));
  if (flows.length === 0 && errors() === before)
    remarks.error(
      { file: poster.configuration.file, line: 1 },
      `what it and ${formatName(sender.configuration)} accept together is nothing: no file passes both`,
    );
  return flows;
}

/** A directory is watched with all below it. */
export function outermost(poster: Poster, remarks: Remarks): string[] {
  return [...new Set(poster.paths)].filter((path) => {
    const around = poster.paths.find((other) => path !== other && path.startsWith(other === "/" ? "/" : `${other}/`));
    if (around !== undefined)
      remarks.note(poster.configuration.effective.at("path"), `path: ${path} is in ${around}, which is watched with all below it`);
    return around === undefined;
  });
}

/** What is posted is named from here on. */
function postedBase({ poster, sender }: Meeting, remarks: Remarks): string {
  const own = poster.baseDir ?? "/";
  if (poster.paths.length > 0)
    remarks.note(poster.configuration.effective.at("path"), `path: a post is made by hand: hotdir post ${poster.paths.join(" ")}`);
  if (own !== "/") {
    remarks.note(poster.configuration.effective.at("post_baseUrl"), `post_baseUrl: what is posted must be in ${own}`);
    return own;
  }
  if (sender.baseDir === null || sender.baseDir === "/") return own;
  remarks.assumed(
    sender.configuration.effective.at("baseDir"),
    `what is posted is in ${sender.baseDir}: sr3 looks for /a/b in ${sender.baseDir}/a/b, and finds nothing there`,
  );
  return sender.baseDir;
}

function fuseDirectory(meeting: Meeting, directory: string, name: string, context: FuseContext, remarks: Remarks): NativeFlow[] {
  const { poster, sender } = meeting;
  const { prefix, relative } = addressing(poster, directory);
  checkReading(meeting, directory, relative, remarks);
  const posted = selectBy(poster.masks, poster.configuration.effective.flag("acceptUnmatched"), prefix);
  for (const fault of posted.faults) remarks.error(fault.at, fault.message);
  for (const note of posted.notes) remarks.note(note.at, note.message);
  const common = both(both(posted.selection, bySubtopics(meeting.subtopics, relative)), byDepth(poster));
  const groups = placements(meeting, prefix, relative, context, remarks);
  if (posted.faults.length > 0 || groups === null) return [];
  if (groups.length === 0) remarks.error({ file: sender.configuration.file, line: 1 }, "its accept and reject lines let nothing pass");
  return groups.flatMap(({ target, selection }) => {
    const whole = both(common, selection);
    if (whole.accept?.length === 0) return [];
    return [flowOf(meeting, directory, target, whole, context.nameFlow(name), context, remarks)];
  });
}

/** sr3's sender looks for the files where baseDir says, which may be where none are. */
function checkReading({ poster, sender }: Meeting, directory: string, relative: string, remarks: Remarks): void {
  if (poster.kind === "post") return;
  const looked = `${sender.baseDir === "/" ? "" : (sender.baseDir ?? "")}/${relative}`.replace(/(?<=.)\/$/, "");
  if (looked === directory) return;
  const { effective, file } = sender.configuration;
  const lack = sender.baseDir === null ? "without baseDir" : "with this baseDir";
  remarks.assumed(
    effective.at("baseDir") ?? { file, line: 1 },
    `files are read in ${directory}, where ${formatName(poster.configuration)} sees them: ${lack} sr3 looks for them in ${looked}`,
  );
}

function bySubtopics(subtopics: readonly string[], relative: string): Selection {
  const terms: Term[] = [];
  for (const subtopic of subtopics) {
    const expression = subtopicExpression(subtopic);
    const parsed = expression === null ? null : parseExpression(expression);
    const rest = parsed?.kind === "tree" ? afterPrefix(parsed.tree, relative) : null;
    const tree = rest === null ? null : trimmed(rest);
    if (tree === null || tree.kind === "empty") return everything;
    if (tree.kind !== "never") terms.push({ tree, from: [] });
  }
  return { accept: terms, reject: [] };
}

/** `recursive off` */
export function byDepth({ configuration: { effective } }: Poster): Selection {
  const at = effective.at("recursive");
  const parsed = parseExpression(".*/");
  if (effective.flag("recursive") || at === null || parsed.kind !== "tree") return everything;
  return { accept: null, reject: [{ tree: parsed.tree, from: [at] }] };
}

type Target = { directory: string; from: At[] };

/** Where accepted files go, and which go where; places that no file goes to are left out. null: that cannot be told. */
function placements(
  { poster, sender }: Meeting,
  prefix: string,
  relative: string,
  context: FuseContext,
  remarks: Remarks,
): Array<{ target: Target; selection: Selection }> | null {
  const { effective } = sender.configuration;
  const placed = (placement: Placement): ReturnType<typeof place> => place(placement, relative, poster, sender, context.homeDirectory);
  const lines = effective.all.flatMap(({ option, value, at }) => {
    if (value.type !== "mask") return [];
    const mask: Mask = { accepts: option === "accept", pattern: value.pattern, at };
    return [{ mask, to: mask.accepts ? placed({ ...value.placement, filename: value.filename }) : null }];
  });
  const rest = placed(effective.placement());
  const all = selectBy(
    lines.map(({ mask }) => mask),
    effective.flag("acceptUnmatched"),
    prefix,
  );
  for (const fault of all.faults) remarks.error(fault.at, fault.message);
  for (const note of all.notes) remarks.note(note.at, note.message);
  if (all.faults.length > 0) return null;
  const keyOf = (to: ReturnType<typeof place>): string => JSON.stringify(to);
  const targets = new Map([...lines.flatMap(({ to }) => (to === null ? [] : [to])), rest].map((to) => [keyOf(to), to]));
  let whole = true;
  const groups = [...targets.values()].flatMap((to) => {
    const masks = lines.map((line) => ({ ...line.mask, accepts: line.to !== null && keyOf(line.to) === keyOf(to) }));
    const { selection } = selectBy(masks, effective.flag("acceptUnmatched") && keyOf(rest) === keyOf(to), prefix);
    if (selection.accept?.length === 0) return [];
    const at = lines.find((line) => line.to !== null && keyOf(line.to) === keyOf(to))?.mask.at ?? {
      file: sender.configuration.file,
      line: 1,
    };
    if (to.kind === "refused") {
      whole = false;
      remarks.error(at, to.message);
      return [];
    }
    return [{ target: { directory: to.directory, from: directoryLines(effective.each("directory"), at) }, selection }];
  });
  return whole ? groups : null;
}

/** The `directory` line that stands above. */
function directoryLines(lines: readonly { at: At | null }[], below: At): At[] {
  const above = lines.map(({ at }) => at).findLast((at) => at !== null && (at.file !== below.file || at.line <= below.line));
  return above === null || above === undefined ? [] : [above];
}

function flowOf(
  meeting: Meeting,
  directory: string,
  target: Target,
  selection: Selection,
  name: string,
  context: FuseContext,
  remarks: Remarks,
): NativeFlow {
  const { poster, sender } = meeting;
  const sides = { poster: poster.configuration.effective, sender: sender.configuration.effective };
  const isWatch = poster.kind === "watch";
  const selected = selectionEntries(selection);
  const pathAt = sides.poster.at(isWatch ? "path" : "post_baseUrl");
  const from = pathAt === null ? [] : [pathAt];
  const root: NativeEntry = isWatch
    ? { key: "directory", value: directory, from }
    : directory === "/"
      ? { key: "posts", value: true, from, because: `hotdir post -f ${name} FILE` }
      : { key: "posts", value: [{ key: "base", value: directory }], from, because: `hotdir post -f ${name} FILE` };
  const entries: NativeEntry[] = [
    {
      key: "source",
      value: [
        root,
        ...selected.entries,
        ...keys.settleEntry(sides, remarks),
        ...keys.rescanEntry(sides, isWatch),
        ...keys.propagateEntry(sides, isWatch),
      ],
    },
    sendingEntry(sender, sides, target, context, remarks),
    ...restEntries(sides, remarks),
  ];
  const about = `${formatName(poster.configuration)} and ${formatName(sender.configuration)}, which meet ${meeting.how}`;
  return { name, about, entries, members: selected.members };
}

/** `accept` and `reject`, and the lines that each expression comes from. */
export function selectionEntries({ accept, reject }: Selection): { entries: NativeEntry[]; members: ReadonlyMap<string, readonly At[]> } {
  const members = new Map<string, readonly At[]>();
  const list = (key: string, terms: readonly Term[] | null): NativeEntry[] => {
    const written = writeTerms(terms ?? []);
    for (const { expression, from } of written) members.set(expression, from);
    return written.length === 0 ? [] : [{ key, value: written.map(({ expression }) => expression) }];
  };
  return { entries: [...list("accept", accept), ...list("reject", reject)], members };
}
