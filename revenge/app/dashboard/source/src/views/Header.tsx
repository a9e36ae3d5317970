import { useState } from "preact/hooks";
import { signOut } from "../live";
import type { State } from "../store";
import { nextTheme, theme } from "../theme";
import { Mark } from "./App";

const CONNECTION = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting" } as const;
const THEME = { auto: "as the system has them", light: "light", dark: "dark" } as const;
const GLYPH = {
  auto: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z",
  light: "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3 19 19M5 19l1.7-1.7M17.3 6.7 19 5",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
} as const;

const PAGES = [
  ["Now", "#/", /^$|^#\/?$|^#\/(jobs|add)(\/|$)/],
  ["Library", "#/movies", /^#\/(movies|tvshows|unmatched)(\/|$)/],
] as const;

export function Header({ state, hash }: { state: State; hash: string }) {
  const [chosen, setChosen] = useState(theme());
  return (
    <header class="top">
      <a class="brand" href="#/">
        <Mark />
        <span>Revenge</span>
      </a>
      <nav class="pages" aria-label="Pages">
        {PAGES.map(([name, address, shown]) => (
          <a key={name} href={address} aria-current={shown.test(hash) ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <div class="top-right">
        <Health state={state} />
        <span class={`pill ${state.connection}`} role="status">
          <i class="dot" aria-hidden="true" />
          {CONNECTION[state.connection]}
          {state.connection !== "live" && "…"}
        </span>
        <button
          class="quiet icon"
          type="button"
          aria-label={`Colours: ${THEME[chosen]}`}
          title={`Colours: ${THEME[chosen]}`}
          onClick={() => setChosen(nextTheme())}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d={GLYPH[chosen]} />
            {chosen === "auto" && <path class="half" d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" />}
          </svg>
        </button>
        {state.keyRequired && (
          <button class="quiet" type="button" onClick={() => void signOut()}>
            Sign out
          </button>
        )}
      </div>
    </header>
  );
}

function Health({ state }: { state: State }) {
  if (!state.server) return null;
  const checks = Object.entries(state.server.checks);
  const wrong = checks.filter(([, check]) => !check.ok).length;
  const slots = state.queues?.reduce((sum, queue) => sum + queue.workers, 0) ?? 0;
  return (
    <details
      class="health"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.currentTarget.open = false;
        event.currentTarget.querySelector("summary")?.focus();
      }}
    >
      <summary class={`pill ${wrong ? "bad" : "live"}`}>
        <i class="dot" aria-hidden="true" />
        {wrong ? `${wrong} ${wrong === 1 ? "problem" : "problems"}` : "Healthy"}
      </summary>
      <ul class="popover">
        {checks.map(([name, check]) => (
          <li key={name} class={check.ok ? "ok" : "bad"}>
            <i class="dot" aria-hidden="true" />
            <b>{name}</b>
            <span>{check.detail || (check.ok ? "well" : "not well")}</span>
          </li>
        ))}
        <li class={slots ? "ok" : "bad"}>
          <i class="dot" aria-hidden="true" />
          <b>slots</b>
          <span>{slots ? `${slots} for jobs in all queues` : "no worker is running"}</span>
        </li>
      </ul>
    </details>
  );
}
