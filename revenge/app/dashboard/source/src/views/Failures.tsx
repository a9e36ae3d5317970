import { retry } from "../live";
import { ago, jobTitle, lastError, until } from "../format";
import { useBusy, useNow } from "../hooks";
import type { State } from "../store";
import type { Job } from "../types";

export function Failures({ state }: { state: State }) {
  const now = useNow();
  if (state.failures.length === 0) return null;
  return (
    <section class="panel failures" aria-labelledby="failures-title">
      <div class="panel-head">
        <h2 id="failures-title">Failures</h2>
      </div>
      <ul class="rows">
        {state.failures.map((job) => (
          <FailureRow key={job.id} job={job} state={state} now={now} />
        ))}
      </ul>
    </section>
  );
}

function FailureRow({ job, state, now }: { job: Job; state: State; now: number }) {
  const [busy, run] = useBusy();
  const title = jobTitle(job, state.libraries);
  const when = job.finalized_at ?? job.attempted_at ?? job.created_at;
  return (
    <li class="row">
      <div class="row-main">
        <h3>
          <i class={`dot ${job.state}`} aria-hidden="true" />
          <a href={`#/jobs/${job.id}`}>{title}</a>
        </h3>
        <p class="error-text clipped">{lastError(job) || "It failed without a word."}</p>
        <p class="row-facts faint">
          <span>{ago(when, now)}</span>
          <span>
            attempt {job.attempt} of {job.max_attempts}
          </span>
          {job.state === "retryable" ? <span class="warn">again {until(job.scheduled_at, now)}</span> : <span>given up</span>}
        </p>
      </div>
      <div class="row-acts">
        <button
          class="small"
          type="button"
          aria-label={`Retry ${title}`}
          aria-disabled={busy}
          onClick={() => run(() => retry(job))}
        >
          Retry
        </button>
      </div>
    </li>
  );
}
