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
    return () => removeEventListener("hashchange", listener);
  }, []);
  return hash;
}

/** Opens a `<dialog>` as a modal one as long as it is mounted; the browser keeps the focus inside and gives it back. */
export function useModal(): RefObject<HTMLDialogElement | null> {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
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
