export type Theme = "system" | "light" | "dark";
const NAME = "hotdir-theme";
const order: readonly Theme[] = ["system", "light", "dark"];

export function themeNow(): Theme {
  const theme = document.documentElement.dataset["theme"];
  return theme === "light" || theme === "dark" ? theme : "system";
}

/** Of the system, light, dark, and round again; remembered by this browser where it remembers anything. */
export function nextTheme(): Theme {
  const next = order[(order.indexOf(themeNow()) + 1) % order.length] ?? "system";
  if (next === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = next;
  try {
    if (next === "system") localStorage.removeItem(NAME);
    else localStorage.setItem(NAME, next);
  } catch {
    // Chosen for this visit only.
  }
  window.dispatchEvent(new Event("themechange"));
  return next;
}
