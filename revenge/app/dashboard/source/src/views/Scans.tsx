import { useState } from "preact/hooks";
import { ApiError, api } from "../api";
import { SCAN_COUNTS, ago, count, duration, plural } from "../format";
import { useNow } from "../hooks";
import type { State } from "../store";
import type { Scan, ScanError } from "../types";

export function Scans({ state }: { state: State }) {
  const now = useNow();
  const names = new Map(state.libraries?.map((library) => [library.id, library.name]));
  if (!state.scans?.length) return null;
  return (
    <section class="panel scans" aria-labelledby="scans-title">
      <div class="panel-head">
        <h2 id="scans-title">Last scans</h2>
      </div>
      <ul class="rows">
        {state.scans.map((scan) => (
          <ScanRow key={scan.id} scan={scan} library={names.get(scan.library_id) ?? "a library"} now={now} />
        ))}
      </ul>
    </section>
  );
}

function ScanRow({ scan, library, now }: { scan: Scan; library: string; now: number }) {
  const counts = SCAN_COUNTS.map(([field, word]) => [Number(scan[field] ?? 0), word] as const).filter(([n]) => n > 0);
  return (
    <li class="row scan">
      <div class="row-main">
        <h3>
          <i class={`dot ${scan.status}`} aria-hidden="true" />
          {scan.job_id === null ? library : <a href={`#/jobs/${scan.job_id}`}>{library}</a>}
          <span class={`tag ${scan.status}`}>{scan.status}</span>
          {scan.scan_type !== "incremental" && <span class="tag">{scan.scan_type}</span>}
        </h3>
        <p class="row-facts">
          {(scan.items_scanned > 0 || scan.status === "completed") && (
            <span>{plural(scan.items_scanned, "file")} seen</span>
          )}
          {counts.map(([n, word]) => (
            <span key={word} class={word === "unchanged" ? "faint" : ""}>
              {count(n)} {word}
            </span>
          ))}
        </p>
        {scan.error_message && scan.error_message !== scan.status && <p class="error-text">{scan.error_message}</p>}
        {scan.error_count > 0 && <ScanErrors scan={scan} />}
      </div>
      <p class="row-side faint">
        <time dateTime={scan.created_at}>{ago(scan.completed_at ?? scan.started_at ?? scan.created_at, now)}</time>
        {scan.duration_s !== null && <span>{scan.duration_s < 1 ? "under 1 s" : duration(scan.duration_s)}</span>}
      </p>
    </li>
  );
}

function ScanErrors({ scan }: { scan: Scan }) {
  const [errors, setErrors] = useState<ScanError[] | string | null>(null);
  const load = async () => {
    try {
      setErrors((await api.scanDetail(scan.library_id, scan.id)).errors);
    } catch (error) {
      setErrors(error instanceof ApiError ? error.message : String(error));
    }
  };
  return (
    <details class="scan-errors" onToggle={(event) => event.currentTarget.open && void load()}>
      <summary>{plural(scan.error_count, "file")} could not be read</summary>
      {errors === null && <p class="faint">Reading…</p>}
      {typeof errors === "string" && <p class="error-text">{errors}</p>}
      {Array.isArray(errors) && (
        <ul>
          {errors.map((error) => (
            <li key={error.path}>
              <code>{error.path}</code>
              <span>{error.error}</span>
            </li>
          ))}
          {errors.length < scan.error_count && <li class="faint">and {count(scan.error_count - errors.length)} more</li>}
        </ul>
      )}
    </details>
  );
}
