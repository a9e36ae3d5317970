/** Calls to the HTTP API; every failure is an `ApiError` with a sentence to show. */

import type { Job, Library, Problem, Queue, Scan, ScanDetail, Server, Session } from "./types";

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

export const api = {
  session: () => call<Session>("GET", "/session"),
  signIn: (key: string) => call<void>("POST", "/session", { api_key: key }),
  signOut: () => call<void>("DELETE", "/session"),
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
};
