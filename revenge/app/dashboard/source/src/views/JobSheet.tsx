import { useEffect, useState } from "preact/hooks";
import { ApiError, api } from "../api";
import { cancel, retry } from "../live";
import { clock, duration, isCancelling, itemName, jobTitle, phaseName } from "../format";
import { useBusy, useModal } from "../hooks";
import type { State } from "../store";
import type { Job } from "../types";
import { Bar } from "./Running";

/** A job with all that is known of it, beside the page it was opened from. */
export function JobSheet({ id, state }: { id: number; state: State }) {
  const dialog = useModal();
  const [read, setRead] = useState<Job | string | null>(null);
  const running = state.running.get(id);

  useEffect(() => {
    api.job(id).then(setRead, (error: unknown) =>
      setRead(error instanceof ApiError && error.status === 404 ? `There is no job ${id}; ended jobs are cleaned up after a while.` : String(error)),
    );
    // The state in the dependencies: whatever ended or began is read anew, with its errors and its output.
  }, [id, running?.state, running?.attempt]);

  const close = () => {
    location.hash = "#/";
  };
  const job = typeof read === "object" && read ? { ...read, ...(running && { state: running.state, progress: running.progress }) } : null;
  return (
    <dialog
      class="sheet"
      ref={dialog}
      aria-labelledby="job-title"
      onClose={() => location.hash === `#/jobs/${id}` && close()}
      onClick={(event) => event.target === event.currentTarget && close()}
    >
      <div class="sheet-inner">
        <div class="panel-head">
          <h2 id="job-title">{job ? jobTitle(job, state.libraries) : `Job ${id}`}</h2>
          <button class="small" type="button" onClick={close} aria-label="Close">
            Close
          </button>
        </div>
        {typeof read === "string" && <p class="error-text">{read}</p>}
        {job && <JobBody job={job} state={state} reread={setRead} />}
      </div>
    </dialog>
  );
}

function JobBody({ job, state, reread }: { job: Job; state: State; reread: (job: Job) => void }) {
  const [busy, run] = useBusy();
  const cancelling = isCancelling(job, state.cancelling);
  const unfinished = !job.finalized_at;
  const again = async (action: (job: Job) => Promise<void>) => {
    await action(job);
    await api.job(job.id).then(reread, () => undefined);
  };
  const percent = job.state === "completed" ? 100 : (job.progress?.percent ?? null);
  return (
    <>
      <p class="row-facts">
        <span class={`tag ${job.state}`}>{cancelling ? "cancelling" : job.state}</span>
        <span class="faint">
          job {job.id} · <code>{job.kind}</code>
        </span>
      </p>
      {(job.state === "running" || job.progress) && (
        <>
          <Bar label="Progress" percent={percent} phase={phaseName(job.progress?.phase ?? "")} job={job} still={job.state !== "running"} />
          {job.progress && job.state === "running" && (
            <p class="item">
              <b>{phaseName(job.progress.phase)}</b>
              <span title={job.progress.message}>{itemName(job, state.libraries)}</span>
            </p>
          )}
        </>
      )}
      <div class="sheet-acts">
        {unfinished && (
          <button type="button" aria-disabled={busy || cancelling} onClick={() => !cancelling && run(() => again(cancel))}>
            {cancelling ? "Cancelling…" : "Cancel job"}
          </button>
        )}
        {job.state !== "running" && (
          <button type="button" aria-disabled={busy} onClick={() => run(() => again(retry))}>
            {unfinished ? "Run now" : "Run again"}
          </button>
        )}
      </div>
      <ol class="timeline">
        {moments(job).map((moment) => (
          <li key={moment.label} class={moment.ahead ? "ahead" : ""}>
            <b>{moment.label}</b>
            <time dateTime={moment.time}>{clock(moment.time)}</time>
            {moment.note && <span class="faint">{moment.note}</span>}
          </li>
        ))}
      </ol>
      {job.errors.length > 0 && (
        <section>
          <h3>Errors</h3>
          <ul class="attempts">
            {job.errors.toReversed().map((error) => (
              <li key={`${error.attempt}-${error.at}`}>
                <p>
                  <b>Attempt {error.attempt}</b> {error.at && <span class="faint">{clock(error.at)}</span>}
                </p>
                <p class="error-text">{error.error}</p>
                {error.trace && (
                  <details>
                    <summary>Trace</summary>
                    <pre>{error.trace}</pre>
                  </details>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      {job.log && job.log.length > 0 && (
        <section>
          <h3>Log</h3>
          {job.log.toReversed().map((entry, index) => (
            <details key={`${entry.attempt}-${index}`} class="json" open={index === 0}>
              <summary>Attempt {entry.attempt}</summary>
              <pre>{entry.log}</pre>
            </details>
          ))}
        </section>
      )}
      <Json title="Output" value={job.output} open />
      <Json title="Arguments" value={job.args} open />
      <Json title="Metadata" value={job.metadata} />
      <dl class="pairs">
        <dt>Queue</dt>
        <dd>{job.queue}</dd>
        <dt>Priority</dt>
        <dd>{job.priority}</dd>
        {job.tags.length > 0 && (
          <>
            <dt>Tags</dt>
            <dd>{job.tags.join(", ")}</dd>
          </>
        )}
      </dl>
    </>
  );
}

function took(job: Job): string {
  if (!job.attempted_at || !job.finalized_at) return "";
  const seconds = (Date.parse(job.finalized_at) - Date.parse(job.attempted_at)) / 1000;
  return seconds < 1 ? `after ${Math.max(1, Math.round(seconds * 1000))} ms` : `after ${duration(seconds)}`;
}

interface Moment {
  label: string;
  time: string;
  note?: string;
  ahead?: boolean;
}

/** What happened to the job, and what will, in the order of time. */
function moments(job: Job): Moment[] {
  const found: Moment[] = [{ label: "Created", time: job.created_at }];
  if (job.attempted_at) {
    const label = `Attempt ${job.attempt} of ${job.max_attempts}`;
    found.push({ label, time: job.attempted_at, note: job.attempted_by.at(-1) ?? "" });
  }
  if (job.finalized_at) {
    const label = job.state.charAt(0).toUpperCase() + job.state.slice(1);
    found.push({ label, time: job.finalized_at, note: took(job) });
  } else if (job.state !== "running" && job.scheduled_at !== job.created_at) {
    found.push({ label: job.attempt ? "Next attempt" : "Due", time: job.scheduled_at, ahead: true });
  }
  return found.sort((a, b) => a.time.localeCompare(b.time));
}

function Json({ title, value, open = false }: { title: string; value: unknown; open?: boolean }) {
  if (value === null || (typeof value === "object" && value && Object.keys(value).length === 0)) return null;
  return (
    <details class="json" open={open}>
      <summary>{title}</summary>
      <pre>{JSON.stringify(value, null, 2)}</pre>
    </details>
  );
}
