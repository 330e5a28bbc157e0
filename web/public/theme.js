// Before anything is drawn, so that the page does not flash in the other theme.
try {
  const theme = localStorage.getItem("hotdir-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // No storage: the system's theme it is.
}
