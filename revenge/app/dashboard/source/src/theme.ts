/** Light, dark, or as the system has it; the choice stays in this browser. */

export type Theme = "auto" | "light" | "dark";

const KEY = "revenge.theme";
const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };

export function theme(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === "light" || stored === "dark" ? stored : "auto";
}

export function applyTheme(): void {
  const chosen = theme();
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

export function nextTheme(): Theme {
  localStorage.setItem(KEY, NEXT[theme()]);
  applyTheme();
  return theme();
}
