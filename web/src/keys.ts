import { useEffect, useRef } from "preact/hooks";

/** What the keyboard does, as the help lists it. */
export const shortcuts: ReadonlyArray<[keys: string, does: string]> = [
  ["/", "search for a file"],
  ["1 … 9", "choose a flow"],
  ["d", "go to the dead letters"],
  ["t", "change the theme"],
  ["?", "this list"],
  ["↑ ↓", "through what was found"],
  ["Esc", "close"],
];

type Actions = { search: () => void; help: () => void; choose: (flow: number) => void };

/** Single keys, never while somebody writes or a dialog is open, and none that a browser has with a modifier. */
export function useKeys(actions: Actions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const target = event.target instanceof Element ? event.target : null;
      if (event.ctrlKey || event.metaKey || event.altKey || target?.closest("input, textarea, select, dialog") !== null) return;
      if (act(event.key, latest.current)) event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

function act(key: string, { search, help, choose }: Actions): boolean {
  if (key === "/") search();
  else if (key === "?") help();
  else if (key === "t") document.getElementById("theme")?.click();
  else if (key === "d") document.getElementById("dead")?.focus();
  else if (/^[1-9]$/.test(key)) choose(Number(key));
  else return false;
  return true;
}
