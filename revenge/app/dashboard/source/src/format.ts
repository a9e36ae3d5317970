/** Numbers, times and names as people read them. */

import type { Job, Library, Scan } from "./types";

const number = new Intl.NumberFormat("en");

export function count(value: number): string {
  return number.format(Math.round(value));
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} days`;
}

export function rate(perSecond: number): string {
  if (perSecond >= 10) return `${count(perSecond)}/s`;
  if (perSecond >= 1) return `${perSecond.toFixed(1)}/s`;
  return `${count(perSecond * 60)}/min`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}

export function since(time: string, now: number): number {
  return Math.max(0, (now - Date.parse(time)) / 1000);
}

export function ago(time: string, now: number): string {
  const seconds = since(time, now);
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} days ago`;
}

export function until(time: string, now: number): string {
  const seconds = (Date.parse(time) - now) / 1000;
  return seconds <= 0 ? "due now" : `in ${duration(seconds)}`;
}

export function clock(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

const WORDS: Record<string, string> = { tvshow: "TV show", radarr: "Radarr", sonarr: "Sonarr", id: "ID" };

/** `metadata_refresh_movie` as "Metadata refresh movie". */
export function kindName(kind: string): string {
  const text = kind
    .split(/[_.:/-]+/)
    .filter(Boolean)
    .map((word) => WORDS[word] ?? word)
    .join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function libraryOf(job: Job, libraries: Library[] | null): Library | undefined {
  const id = job.args.library_id;
  return libraries?.find((library) => library.id === id);
}

export function jobTitle(job: Job, libraries: Library[] | null): string {
  const library = libraryOf(job, libraries);
  return library && job.kind.includes("scan") ? `Scan of ${library.name}` : kindName(job.kind);
}

/** What a job says it is at; paths begin at their library's folder, which its title names already. */
export function itemName(job: Job, libraries: Library[] | null): string {
  const message = job.progress?.message ?? "";
  const folder = libraryOf(job, libraries)?.paths.find((path) => message.startsWith(`${path}/`));
  return folder ? message.slice(folder.length + 1) : message;
}

export function phaseName(phase: string): string {
  return phase ? phase.charAt(0).toUpperCase() + phase.slice(1).replaceAll("_", " ") : "Working";
}

export const SCAN_COUNTS: [keyof Scan, string][] = [
  ["items_added", "added"],
  ["items_updated", "updated"],
  ["items_moved", "moved"],
  ["items_unchanged", "unchanged"],
  ["items_missing", "missing"],
  ["items_removed", "removed"],
  ["items_unmatched", "unmatched"],
];

export function isCancelling(job: Job, asked: Set<number>): boolean {
  return job.state === "running" && (asked.has(job.id) || Boolean(job.metadata.cancel_attempted_at));
}

export function lastError(job: Job): string {
  return job.errors.at(-1)?.error ?? "";
}
