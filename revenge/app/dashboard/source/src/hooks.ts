/** Small hooks that several views use. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";

/** The time, renewed each second while somebody looks. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export function useHash(): string {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const listener = () => setHash(location.hash);
    addEventListener("hashchange", listener);
    // An effect runs after the first paint: the address may have changed since it was read.
    listener();
    return () => removeEventListener("hashchange", listener);
  }, []);
  return hash;
}

/** The page's own part: where the focus goes when it has no other place. */
export function focusPage(): void {
  document.getElementById("now")?.focus();
}

let lastFocused: HTMLElement | null = null;
addEventListener("focusin", (event) => {
  lastFocused = event.target instanceof HTMLElement ? event.target : null;
});

/** Opens a `<dialog>` as a modal one as long as it is mounted; the browser keeps the focus inside.
 * Then whoever opened it has the focus again; one that was opened by its address leaves it to the page. */
export function useModal(): RefObject<HTMLDialogElement | null> {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    // The browser cannot give it back by itself: a new address has taken the focus from the link that leads to it.
    const opener = lastFocused;
    element?.showModal();
    return () => {
      element?.close();
      const active = document.activeElement;
      if (active && active !== document.body && !element?.contains(active)) return;
      if (opener?.isConnected) opener.focus();
      else focusPage();
    };
  }, []);
  return dialog;
}

/** Whether an action runs, and a function that runs one unless it does. */
export function useBusy(): [boolean, (action: () => Promise<void>) => void] {
  const [busy, setBusy] = useState(false);
  const run = (action: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    void action().finally(() => setBusy(false));
  };
  return [busy, run];
}

/** As `useBusy`, with what went wrong last as a sentence to show, and a function that says another. */
export function useSubmit(): {
  busy: boolean;
  error: string;
  setError: (sentence: string) => void;
  run: (action: () => Promise<void>) => void;
} {
  const [busy, runAlone] = useBusy();
  const [error, setError] = useState("");
  const run = (action: () => Promise<void>) =>
    runAlone(() => action().catch((problem) => setError(problem instanceof Error ? problem.message : String(problem))));
  return { busy, error, setError, run };
}
