/** Keeps the store true: reads the lists, then follows the server's events, through restarts of the server too. */

import { ApiError, api } from "./api";
import { jobTitle } from "./format";
import { announce, change, current, notify } from "./store";
import type { Job, JobNews, Scan } from "./types";

const FINAL = new Set(["completed", "cancelled", "discarded"]);
const LOOK_AGAIN_MS = 15_000;
const RETRY_MS = 1500;
/** How long a job that has ended stays in sight. */
const FADE_MS = 4000;
const RECENT_SCANS = 8;

let source: EventSource | null = null;
let wakeUp: ReturnType<typeof setTimeout> | undefined;

/** Find out whether a key is wanted, then begin; comes back by itself while the server is away. */
export async function begin(): Promise<void> {
  try {
    const session = await api.session();
    change({ signedIn: session.signed_in, keyRequired: session.key_required });
    if (session.signed_in) connect();
    else disconnect();
  } catch {
    change({ connection: current().connection === "connecting" ? "connecting" : "reconnecting" });
    clearTimeout(wakeUp);
    wakeUp = setTimeout(begin, RETRY_MS);
  }
}

function disconnect(): void {
  source?.close();
  source = null;
}

function connect(): void {
  disconnect();
  const stream = new EventSource("/api/v1/events");
  source = stream;
  stream.onopen = () => {
    change({ connection: "live" });
    void readAll();
  };
  stream.onerror = () => {
    change({ connection: "reconnecting" });
    if (stream.readyState !== EventSource.CLOSED) return;
    // The browser gave up (a proxy answered, or the session ended): find out which, and come back.
    disconnect();
    clearTimeout(wakeUp);
    wakeUp = setTimeout(begin, RETRY_MS);
  };
  stream.addEventListener("state", (event) => onState(JSON.parse(event.data) as Job));
  stream.addEventListener("progress", (event) => onProgress(JSON.parse(event.data) as JobNews));
  stream.addEventListener("reset", () => void readAll());
}

function onState(job: Job): void {
  const { running } = current();
  const known = running.get(job.id);
  if (job.state === "running") {
    keep(job);
  } else if (known) {
    keep({ ...job, progress: job.progress ?? known.progress });
    setTimeout(() => forget(job.id), FADE_MS);
    if (FINAL.has(job.state)) announce(`${jobTitle(job, current().libraries)}: ${job.state}`);
  }
  soon("queues", readQueues, 500);
  if (job.state !== "running") soon("failures", readFailures, 300);
  if (job.kind.includes("scan")) soon("libraries", readLibraries, 300);
  soon("upcoming", readUpcoming, 1000);
}

function onProgress(news: JobNews): void {
  const known = current().running.get(news.id);
  if (known) keep({ ...known, ...news });
  else soon("running", readRunning, 200);
}

function keep(job: Job): void {
  const running = new Map(current().running);
  running.set(job.id, latest(running.get(job.id), job));
  change({ running });
}

/** What is known, or what is told: an answer may say "running" though an event told the end while it was on its way. */
function latest(known: Job | undefined, told: Job): Job {
  const isOld = known && FINAL.has(known.state) && told.state === "running" && told.attempt <= known.attempt;
  return isOld ? known : told;
}

function forget(id: number): void {
  const { running, cancelling } = current();
  if (running.get(id)?.state === "running") return;
  const left = new Map(running);
  left.delete(id);
  const asked = new Set(cancelling);
  asked.delete(id);
  change({ running: left, cancelling: asked });
}

const waiting = new Map<string, ReturnType<typeof setTimeout>>();

/** Read something a little later, once for all that asks for it until then. */
function soon(name: string, read: () => Promise<void>, afterMs: number): void {
  if (waiting.has(name)) return;
  waiting.set(
    name,
    setTimeout(() => {
      waiting.delete(name);
      void guarded(read);
    }, afterMs),
  );
}

async function guarded(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) void begin();
  }
}

export async function readAll(): Promise<void> {
  const reads = [readRunning, readLibraries, readQueues, readFailures, readUpcoming, readServer];
  await Promise.all(reads.map(guarded));
}

async function readRunning(): Promise<void> {
  const { jobs } = await api.jobs({ states: ["running"], limit: 200 });
  const old = current().running;
  const running = new Map<number, Job>();
  for (const job of jobs.reverse()) running.set(job.id, latest(old.get(job.id), job));
  for (const [id, job] of old) {
    // What ended is on its way out with a timer of its own; what only looks running has ended unseen.
    if (job.state !== "running" && !running.has(id)) running.set(id, job);
  }
  change({ running });
}

async function readQueues(): Promise<void> {
  change({ queues: await api.queues() });
}

async function readFailures(): Promise<void> {
  const { jobs } = await api.jobs({ states: ["discarded", "retryable"], limit: 8 });
  change({ failures: jobs });
}

async function readUpcoming(): Promise<void> {
  const { jobs } = await api.jobs({ states: ["scheduled"], limit: 50 });
  const upcoming = jobs.sort((a, b) => a.scheduled_at.localeCompare(b.scheduled_at)).slice(0, 5);
  change({ upcoming });
}

async function readServer(): Promise<void> {
  change({ server: await api.server() });
}

async function readLibraries(): Promise<void> {
  const libraries = await api.libraries();
  change({ libraries });
  const lists = await Promise.all(
    libraries.slice(0, 20).map((library) => api.scans(library.id, RECENT_SCANS).catch((): Scan[] => [])),
  );
  const scans = lists.flat().sort((a, b) => b.created_at.localeCompare(a.created_at));
  change({ scans: scans.slice(0, RECENT_SCANS) });
}

/** Run what a button does; its failure becomes a notice. */
export async function act(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error));
    if (error instanceof ApiError && error.status === 401) void begin();
  }
}

export async function cancel(job: Job): Promise<void> {
  change({ cancelling: new Set(current().cancelling).add(job.id) });
  await act(async () => {
    const after = await api.cancel(job.id).catch((error: unknown) => {
      const cancelling = new Set(current().cancelling);
      cancelling.delete(job.id);
      change({ cancelling });
      throw error;
    });
    onState({ ...after, progress: after.progress ?? job.progress });
  });
}

export async function retry(job: Job): Promise<void> {
  await act(async () => {
    onState(await api.retry(job.id));
    announce("The job was made available again");
    await guarded(readFailures);
  });
}

export async function scan(library: string, type: "incremental" | "full"): Promise<void> {
  await act(async () => {
    await api.scan(library, type);
    announce("The scan was started");
    await guarded(readLibraries);
  });
}

export async function addLibrary(library: { name: string; type: string; paths: string[] }): Promise<void> {
  const added = await api.addLibrary(library);
  await guarded(readLibraries);
  await scan(added.id, "incremental");
}

export async function setPaused(queue: string, paused: boolean): Promise<void> {
  await act(async () => {
    await (paused ? api.pause(queue) : api.resume(queue));
    await guarded(readQueues);
  });
}

export async function signOut(): Promise<void> {
  await act(async () => {
    await api.signOut();
    disconnect();
    change({ signedIn: false });
  });
}

/** Events are hints: lists are read again while somebody looks, and when somebody comes back to look. */
export function keepFresh(): void {
  setInterval(() => {
    if (!document.hidden && source && current().connection === "live") void readAll();
  }, LOOK_AGAIN_MS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && source && current().connection === "live") void readAll();
  });
}
