/** The documents of the HTTP API, as far as the dashboard reads them. */

export type JobState =
  | "available"
  | "cancelled"
  | "completed"
  | "discarded"
  | "pending"
  | "retryable"
  | "running"
  | "scheduled";

export interface Progress {
  phase: string;
  current: number;
  total: number | null;
  percent: number | null;
  message: string;
  rate_per_s: number | null;
  eta_s: number | null;
  updated_at: string | null;
}

export interface AttemptError {
  at: string | null;
  attempt: number;
  error: string;
  trace: string;
}

export interface Job {
  id: number;
  kind: string;
  queue: string;
  state: JobState;
  priority: number;
  attempt: number;
  max_attempts: number;
  args: Record<string, unknown>;
  metadata: Record<string, unknown>;
  tags: string[];
  created_at: string;
  scheduled_at: string;
  attempted_at: string | null;
  finalized_at: string | null;
  attempted_by: string[];
  errors: AttemptError[];
  output: unknown;
  progress: Progress | null;
  /** What the worker logged in each attempt; null in lists and events. */
  log: AttemptLog[] | null;
}

export interface AttemptLog {
  attempt: number;
  log: string;
}

/** What a `progress` event holds. */
export type JobNews = Pick<Job, "id" | "kind" | "queue" | "state" | "progress">;

export interface Queue {
  name: string;
  paused: boolean;
  counts: Record<string, number>;
  oldest_wait_s: number | null;
  workers: number;
}

export type ScanStatus = "pending" | "running" | "completed" | "failed" | "cancelled";

export interface Scan {
  id: string;
  job_id: number | null;
  library_id: string;
  scan_type: string;
  status: ScanStatus;
  items_scanned: number;
  items_added: number;
  items_updated: number;
  items_moved: number;
  items_unchanged: number;
  items_missing: number;
  items_removed: number;
  items_unmatched: number;
  error_count: number;
  error_message: string | null;
  started_at: string | null;
  completed_at: string | null;
  duration_s: number | null;
  created_at: string;
  progress: Progress | null;
}

export interface ScanError {
  path: string;
  error: string;
}

export interface ScanDetail extends Scan {
  errors: ScanError[];
}

export interface Library {
  id: string;
  name: string;
  type: string;
  paths: string[];
  enabled: boolean;
  /** Null where the server does not count. */
  file_counts: { present: number; missing: number; broken: number } | null;
  latest_scan: Scan | null;
}

export interface Check {
  ok: boolean;
  detail: string;
}

export interface Server {
  version: string;
  started_at: string;
  works: boolean;
  checks: Record<string, Check>;
}

export interface Session {
  key_required: boolean;
  signed_in: boolean;
}

export interface Problem {
  title: string;
  status: number;
  detail: string;
}

/** A film or a series, as lists and searches show it. */
export interface Title {
  id: string;
  title: string;
  year: number | null;
  has_poster: boolean;
  /** What else is worth a line: a film's length, a series' episodes. */
  fact: string;
}

export interface Credit {
  name: string;
  character: string;
  job: string;
}

export interface Movie {
  id: string;
  title: string;
  original_title: string | null;
  year: number | null;
  runtime_min: number | null;
  overview: string | null;
  tagline: string | null;
  vote_average: number | null;
  genres: { slug: string; name: string }[];
  images: Record<string, string>;
}

export interface MovieDetail extends Movie {
  is_local: boolean;
  cast: Credit[];
  crew: Credit[];
  versions: { edition: string | null; resolution: string | null; size_bytes: number; files: { path: string }[] }[];
}

export interface Season {
  number: number;
  name: string | null;
  episode_count: number;
}

export interface Series {
  id: string;
  title: string;
  original_title: string | null;
  year: number | null;
  overview: string | null;
  tagline: string | null;
  vote_average: number | null;
  genres: string[];
  networks: string[];
  images: Record<string, string>;
  season_count: number;
  episode_count: number;
  episode_file_count: number;
}

export interface SeriesDetail extends Series {
  seasons: Season[];
  credits: (Credit & { type: string })[];
}

export interface Episode {
  number: number;
  title: string | null;
  air_date: string | null;
  has_file: boolean;
}

export interface Candidate {
  position: number;
  title: string;
  year: number | null;
  score: number;
}

/** What files tell of a film, and what it may be. */
export interface Item {
  id: string;
  library_id: string;
  title: string;
  year: number | null;
  error: string | null;
  files: { path: string }[];
  candidates: Candidate[];
}

export interface Found {
  hits: { document: Record<string, unknown> }[];
  total_hits: number;
}
