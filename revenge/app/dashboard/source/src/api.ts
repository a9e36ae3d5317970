/** Calls to the HTTP API; every failure is an `ApiError` with a sentence to show. */

import type {
  Episode,
  Found,
  Item,
  Job,
  Library,
  Movie,
  MovieDetail,
  Problem,
  Queue,
  Scan,
  ScanDetail,
  Series,
  SeriesDetail,
  Server,
  Session,
} from "./types";

const ROOT = "/api/v1";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(ROOT + path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
  } catch {
    throw new ApiError(0, "The server does not answer. It may be restarting.");
  }
  if (!response.ok) {
    const problem = (await response.json().catch(() => null)) as Problem | null;
    throw new ApiError(response.status, problem?.detail ?? `The server answered ${response.status}.`);
  }
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export type JobFilter = { states?: string[]; kind?: string; queue?: string; limit?: number; cursor?: string | null };

function query(filter: JobFilter): string {
  const parameters = new URLSearchParams();
  for (const state of filter.states ?? []) parameters.append("state", state);
  if (filter.kind) parameters.set("kind", filter.kind);
  if (filter.queue) parameters.set("queue", filter.queue);
  if (filter.limit) parameters.set("limit", String(filter.limit));
  if (filter.cursor) parameters.set("cursor", filter.cursor);
  return parameters.toString();
}

const PAGE = 60;

function page(cursor: string | null): string {
  return new URLSearchParams({ limit: String(PAGE), ...(cursor === null ? {} : { cursor }) }).toString();
}

/** Where the picture of a film, a series or a person is. */
export function picture(id: string, type: "poster" | "backdrop", size: string): string {
  return `${ROOT}/images/of/${id}/${type}?size=${size}`;
}

export const api = {
  session: () => call<Session>("GET", "/session"),
  signIn: (key: string) => call<void>("POST", "/session", { api_key: key }),
  signOut: () => call<void>("DELETE", "/session"),
  resetPassword: (token: string, password: string) =>
    call<void>("POST", "/auth/password-reset/confirm", { token, password }),
  verifyEmail: (token: string) => call<void>("POST", "/auth/email-verification/confirm", { token }),
  server: () => call<Server>("GET", "/server"),
  jobs: (filter: JobFilter) =>
    call<{ jobs: Job[]; next_cursor: string | null }>("GET", `/jobs?${query(filter)}`),
  job: (id: number) => call<Job>("GET", `/jobs/${id}`),
  cancel: (id: number) => call<Job>("POST", `/jobs/${id}/cancel`),
  retry: (id: number) => call<Job>("POST", `/jobs/${id}/retry`),
  remove: (id: number) => call<Job>("DELETE", `/jobs/${id}`),
  queues: () => call<{ queues: Queue[] }>("GET", "/queues").then((answer) => answer.queues),
  pause: (name: string) => call<Queue>("POST", `/queues/${name}/pause`),
  resume: (name: string) => call<Queue>("POST", `/queues/${name}/resume`),
  libraries: () => call<{ libraries: Library[] }>("GET", "/libraries").then((answer) => answer.libraries),
  addLibrary: (library: { name: string; type: string; paths: string[] }) =>
    call<Library>("POST", "/libraries", library),
  scan: (library: string, type: "incremental" | "full") =>
    call<Scan>("POST", `/libraries/${library}/scan`, { scan_type: type }),
  scans: (library: string, limit: number) =>
    call<{ scans: Scan[] }>("GET", `/libraries/${library}/scans?limit=${limit}`).then((answer) => answer.scans),
  scanDetail: (library: string, scan: string) =>
    call<ScanDetail>("GET", `/libraries/${library}/scans/${scan}`),
  movies: (cursor: string | null) =>
    call<{ movies: Movie[]; next_cursor: string | null }>("GET", `/movies?${page(cursor)}`),
  movie: (id: string) => call<MovieDetail>("GET", `/movies/${id}`),
  refreshMovie: (id: string) => call<{ job_id: number }>("POST", `/movies/${id}/refresh`),
  series: (cursor: string | null) =>
    call<{ series: Series[]; next_cursor: string | null }>("GET", `/tvshows?${page(cursor)}`),
  oneSeries: (id: string) => call<SeriesDetail>("GET", `/tvshows/${id}`),
  season: (id: string, number: number) => call<{ episodes: Episode[] }>("GET", `/tvshows/${id}/seasons/${number}`),
  refreshSeries: (id: string) => call<{ job_id: number }>("POST", `/tvshows/${id}/refresh`),
  search: (words: string) =>
    call<{ movies: Found; tvshows: Found }>("GET", `/search/multi?${new URLSearchParams({ q: words, limit: "20" })}`),
  unmatched: (library: string) =>
    call<{ items: Item[]; next_cursor: string | null }>("GET", `/libraries/${library}/unmatched?limit=100`),
  choose: (library: string, item: string, choice: { candidate: number } | { ignore: true }) =>
    call<unknown>("POST", `/libraries/${library}/items/${item}/match`, choice),
};
