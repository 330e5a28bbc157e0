import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { formatBytes } from "../../src/kernel/readable.ts";
import { ask } from "./api.ts";
import type { Found } from "./facts.ts";
import { FileLink } from "./file-link.tsx";
import type { FileName } from "./overview.tsx";

const TYPING_MS = 180;

/** The beginning of a path, or a name among the newest. Arrows go through what was found, Enter opens the first. */
export function Search({ field, open }: { field: RefObject<HTMLInputElement | null>; open: (file: FileName) => void }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState<Found | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    if (text === "") return setFound(null);
    let outdated = false;
    const timer = setTimeout(() => {
      ask<Found>("search", { q: text }).then(
        (answer) => {
          if (outdated) return;
          setFound(answer);
          setTrouble(null);
        },
        (error: unknown) => outdated || setTrouble(error instanceof Error ? error.message : String(error)),
      );
    }, TYPING_MS);
    return () => {
      outdated = true;
      clearTimeout(timer);
    };
  }, [text]);

  const close = (): void => {
    setText("");
    setFound(null);
  };
  const choose = (file: FileName): void => {
    close();
    open(file);
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      close();
      field.current?.blur();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const stops = [...(form.current?.querySelectorAll<HTMLElement>("input, .file") ?? [])];
    const at = stops.indexOf(document.activeElement as HTMLElement) + (event.key === "ArrowDown" ? 1 : -1);
    stops[Math.max(0, Math.min(stops.length - 1, at))]?.focus();
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    form.current?.querySelector<HTMLElement>(".file")?.click();
  };
  return (
    <form ref={form} role="search" class="search" onSubmit={submit} onKeyDown={keys}>
      <label class="unseen" for="search">
        Search for a file
      </label>
      <input
        ref={field}
        id="search"
        type="search"
        placeholder="Find a file"
        autocomplete="off"
        spellcheck={false}
        value={text}
        aria-describedby="search-said"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <kbd aria-hidden="true">/</kbd>
      {(found !== null || trouble !== null) && (
        <div class="found">
          <p id="search-said" class="aside" role="status">
            {trouble ?? foundText(found)}
          </p>
          <ul class="list">
            {found?.found.map((hit) => (
              <li key={`${hit.flow} ${hit.path_bytes ?? hit.path}`} class="row">
                <FileLink flow={hit.flow} file={hit} open={choose} />
                <span class={`aside outcome ${hit.state ?? ""}`}>
                  {hit.state}
                  {hit.size === null ? "" : `, ${formatBytes(hit.size)}`}
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </form>
  );
}

function foundText(found: Found | null): string {
  if (found === null) return "";
  if (found.found.length === 0) return "No path begins so, and no name among the newest 5,000 holds it.";
  return found.whole ? `${found.found.length} found` : `the first ${found.found.length}; more of the path narrows it down`;
}
