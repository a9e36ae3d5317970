import { scan } from "../live";
import { ago, plural } from "../format";
import { useBusy, useNow } from "../hooks";
import type { State } from "../store";
import type { Job, Library } from "../types";

const TYPES: Record<string, string> = { movie: "Films", tvshow: "Shows", music: "Music", photo: "Photos", book: "Books" };

export function Libraries({ state }: { state: State }) {
  const now = useNow();
  const scans = [...state.running.values()].filter((job) => job.state === "running" && job.kind.includes("scan"));
  const scanOf = (library: Library) => scans.find((job) => job.args.library_id === library.id);
  return (
    <section class="panel libraries" aria-labelledby="libraries-title">
      <div class="panel-head">
        <h2 id="libraries-title">Libraries</h2>
        <button class="small" type="button" onClick={() => (location.hash = "#/add")}>
          Add library
        </button>
      </div>
      {state.libraries?.length === 0 && (
        <p class="empty">None yet.</p>
      )}
      <ul class="rows">
        {state.libraries?.map((library) => (
          <LibraryRow key={library.id} library={library} job={scanOf(library)} now={now} />
        ))}
      </ul>
    </section>
  );
}

function LibraryRow({ library, job, now }: { library: Library; job: Job | undefined; now: number }) {
  const [busy, run] = useBusy();
  const last = library.latest_scan;
  const active = job !== undefined || last?.status === "running" || last?.status === "pending";
  const type = TYPES[library.type] ?? library.type;
  const { present, missing, broken } = library.file_counts ?? { present: last?.items_scanned ?? 0, missing: 0, broken: 0 };
  return (
    <li class="row">
      <div class="row-main">
        <h3>
          {library.name}
          {type !== library.name && <span class="tag">{type}</span>}
          {!library.enabled && <span class="tag">off</span>}
        </h3>
        <p class="path" title={library.paths.join("\n")}>
          {library.paths.join(", ")}
        </p>
        {job && (
          <div class={`gauge ${job.progress?.percent == null ? "unknown" : ""}`} aria-hidden="true">
            <div style={{ transform: `scaleX(${(job.progress?.percent ?? 0) / 100})` }} />
          </div>
        )}
        <p class="row-facts">
          <span>{plural(present + broken, "file")}</span>
          {missing > 0 && <span class="warn">{plural(missing, "missing", "missing")}</span>}
          {broken > 0 && <span class="bad">{plural(broken, "broken", "broken")}</span>}
          <span class="faint">
            {active
              ? "scanning now"
              : last
                ? `scanned ${ago(last.completed_at ?? last.created_at, now)}${last.status === "completed" ? "" : `, ${last.status}`}`
                : "never scanned"}
          </span>
        </p>
      </div>
      <div class="row-acts">
        <button
          class="small primary"
          type="button"
          aria-label={`Scan ${library.name}`}
          aria-disabled={busy || active}
          onClick={() => !active && run(() => scan(library.id, "incremental"))}
        >
          {active ? "Scanning…" : "Scan"}
        </button>
      </div>
    </li>
  );
}
