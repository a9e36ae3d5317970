/** What the page knows, and who is told when it changes. */

import { useEffect, useState } from "preact/hooks";
import type { Job, Library, Queue, Scan, Server } from "./types";

export type Connection = "connecting" | "live" | "reconnecting";

export interface State {
  /** Null until the server has said whether it wants a key. */
  signedIn: boolean | null;
  keyRequired: boolean;
  connection: Connection;
  server: Server | null;
  /** Running jobs, and those that ended while the page looked on, until they fade. */
  running: Map<number, Job>;
  upcoming: Job[];
  failures: Job[];
  libraries: Library[] | null;
  scans: Scan[] | null;
  queues: Queue[] | null;
  /** Jobs whose cancel was asked for here, until the server's rows say so themselves. */
  cancelling: Set<number>;
  notices: Notice[];
  /** Said aloud by screen readers. */
  announcement: string;
}

export interface Notice {
  id: number;
  text: string;
}

let state: State = {
  signedIn: null,
  keyRequired: false,
  connection: "connecting",
  server: null,
  running: new Map(),
  upcoming: [],
  failures: [],
  libraries: null,
  scans: null,
  queues: null,
  cancelling: new Set(),
  notices: [],
  announcement: "",
};

const listeners = new Set<(state: State) => void>();
let drawing = 0;

export function current(): State {
  return state;
}

export function change(part: Partial<State>): void {
  state = { ...state, ...part };
  // Events arrive in bursts: one drawing a frame is enough. Hidden pages get no frames, and need none.
  if (!drawing) {
    drawing = requestAnimationFrame(() => {
      drawing = 0;
      for (const listener of listeners) listener(state);
    });
  }
}

export function useStore(): State {
  const [seen, setSeen] = useState(state);
  useEffect(() => {
    listeners.add(setSeen);
    setSeen(state);
    return () => void listeners.delete(setSeen);
  }, []);
  return seen;
}

let lastNotice = 0;

export function notify(text: string): void {
  const notice = { id: ++lastNotice, text };
  change({ notices: [...state.notices.slice(-2), notice], announcement: text });
  setTimeout(() => dismiss(notice.id), 8000);
}

export function dismiss(id: number): void {
  change({ notices: state.notices.filter((notice) => notice.id !== id) });
}

export function announce(text: string): void {
  change({ announcement: text });
}
