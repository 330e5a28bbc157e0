import { filePlaceOf } from "../../flow/file-place.ts";
import { mkdirSync, statSync } from "node:fs";
import { connectSftp } from "../../flow/send/ssh/connect.ts";
import { Parents } from "../../flow/send/parents.ts";
import type { FlowSettings } from "../../flow/settings.ts";
import { silentLog } from "../../kernel/log.ts";
import { type Bytes, fsPath, show } from "../../kernel/path.ts";
import { checkFlow } from "../check.ts";
import { findingsOf, type FlowCheck, note, problem } from "../probe/finding.ts";
import { mayUse, permissionFix } from "../probe/permission.ts";
import { nearestThere } from "../probe/source.ts";
import { writtenSoon } from "../probe/written.ts";

export function isMissing({ source }: FlowSettings): boolean {
  return statSync(fsPath(source.root), { throwIfNoEntry: false }) === undefined;
}

/** Everything that can be found out before anything is written. `make`: a source that is missing is no problem, since it is made. */
export async function tryOut(settings: FlowSettings, make: boolean, signal: AbortSignal): Promise<FlowCheck> {
  const check = await checkFlow(settings, writtenSoon, signal);
  const { root } = settings.source;
  if (!make || !isMissing(settings)) return check;
  const above = nearestThere(root);
  const finding = mayUse(above, "wx")
    ? note(`${show(root)} is not there yet: it is made`)
    : problem(`${show(root)} cannot be made: ${show(above)} cannot be written`, permissionFix(above, "wx"));
  return { ...check, source: [finding] };
}

export function problemsOf(check: FlowCheck): number {
  return findingsOf(check).filter(({ level }) => level === "problem").length;
}

export function makeSource({ source }: FlowSettings): void {
  mkdirSync(fsPath(source.root), { recursive: true });
}

export async function makeDestination({ destination }: FlowSettings, signal: AbortSignal): Promise<void> {
  const place = filePlaceOf(destination);
  if (place.kind === "file") return void mkdirSync(fsPath(place.directory), { recursive: true });
  await using files = await connectSftp({ ...place, signal, log: silentLog });
  const directory = place.directory as Bytes;
  await new Parents([directory]).ensureDirectory(files, directory);
}
