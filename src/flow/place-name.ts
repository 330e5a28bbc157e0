import { type Bytes, show } from "../kernel/path.ts";
import { fillTemplate } from "./command/template.ts";
import type { CommandPlace, DestinationSettings } from "./settings.ts";

/** The destination for people and logs, without any secret. */
export function describePlace({ place }: Pick<DestinationSettings, "place">): string {
  if (place.kind === "publish") return `${place.publish.broker.url} ${place.publish.exchange}`;
  if (place.kind === "remove") return `removal from ${show(place.directory)}`;
  if (place.kind === "commands") return `commands ${commandTarget(place)}`;
  if (place.kind === "file") return `file:${show(place.directory)}`;
  const user = place.user === null ? "" : `${place.user}@`;
  const port = place.port === null ? "" : `:${place.port}`;
  const shown = show(place.directory as Bytes);
  const directory = shown.startsWith("/") ? shown : `/~/${shown}`;
  return `sftp://${user}${place.host}${port}${directory}`;
}

/** The destination as the transfer command is given it, `jdoe@example.edu:/data/buffer`: the same with another tool or other options. */
function commandTarget({ transfer, directory }: CommandPlace): string {
  const word = transfer.words.find((pieces) => pieces.some((piece) => piece.kind === "place" && piece.place === "dest")) ?? [];
  return fillTemplate({ text: "", words: [word] }, { dest: show(directory as Bytes) }).join("");
}
