import { cancel } from "../live";
import { count, duration, isCancelling, itemName, jobTitle, kindName, phaseName, rate, since, until } from "../format";
import { useNow } from "../hooks";
import type { State } from "../store";
import type { Job } from "../types";

export function Running({ state }: { state: State }) {
  const now = useNow();
  const all = [...state.running.values()];
  const busy = all.filter((job) => job.state === "running").length;
  const jobs = withoutOldEnds(all);
  const shown = jobs.slice(0, MOST_SHOWN);
  return (
    <section class="panel running" aria-labelledby="running-title">
      <div class="panel-head">
        <h2 id="running-title">Running</h2>
        {busy > 0 && <span class="tally">{busy}</span>}
      </div>
      {jobs.length === 0 ? (
        <Quiet first={state.libraries?.length === 0} />
      ) : (
        <ul class="jobs">
          {shown.map((job) => (
            <JobCard key={job.id} job={job} state={state} now={now} />
          ))}
          {all.length > shown.length && <li class="faint">and {count(all.length - shown.length)} more</li>}
        </ul>
      )}
      {state.upcoming.length > 0 && (
        <div class="upcoming">
          <h3>Next</h3>
          <ul>
            {state.upcoming.map((job) => (
              <li key={job.id}>
                <a href={`#/jobs/${job.id}`}>{jobTitle(job, state.libraries)}</a>
                <time dateTime={job.scheduled_at}>{until(job.scheduled_at, now)}</time>
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

function Quiet({ first }: { first: boolean }) {
  if (!first) {
    return (
      <div class="empty calm">
        <p class="empty-title">All quiet</p>
        <p>Nothing is running. Start a scan, and it moves here.</p>
      </div>
    );
  }
  return (
    <div class="empty calm">
      <p class="empty-title">Welcome</p>
      <p>Name a folder of films, and its scan moves here.</p>
      <button class="primary" type="button" onClick={() => (location.hash = "#/add")}>
        Add your first library
      </button>
    </div>
  );
}

/** More at once than a person looks at; the queues tell how many there are. */
const MOST_SHOWN = 20;
/** Of those that have ended: more would push away what is below them. */
const MOST_ENDED = 5;

/** All that run, and the last few that ended, each in its place. */
function withoutOldEnds(jobs: Job[]): Job[] {
  const endOf = (job: Job) => job.finalized_at ?? job.attempted_at ?? "";
  const ended = jobs.filter((job) => job.state !== "running").sort((a, b) => endOf(b).localeCompare(endOf(a)));
  const last = new Set(ended.slice(0, MOST_ENDED));
  return jobs.filter((job) => job.state === "running" || last.has(job));
}

const ENDED: Record<string, string> = {
  completed: "Completed",
  cancelled: "Cancelled",
  discarded: "Failed",
  retryable: "Failed, will be tried again",
  scheduled: "Put off",
  available: "Handed back",
};

function JobCard({ job, state, now }: { job: Job; state: State; now: number }) {
  const title = jobTitle(job, state.libraries);
  const cancelling = isCancelling(job, state.cancelling);
  const ended = job.state !== "running";
  const progress = job.progress;
  const percent = job.state === "completed" ? 100 : (progress?.percent ?? null);
  const phase = ended ? (ENDED[job.state] ?? job.state) : cancelling ? "Cancelling" : phaseName(progress?.phase ?? "");
  return (
    <li class={`job ${ended ? `ended ${job.state}` : ""} ${cancelling ? "cancelling" : ""}`} data-job={job.id}>
      <div class="job-head">
        <h3>
          <a href={`#/jobs/${job.id}`}>{title}</a>
        </h3>
        <span class="percent">{percent === null ? "" : `${Math.floor(percent)} %`}</span>
      </div>
      <Bar label={title} percent={percent} phase={phase} job={job} still={ended} />
      <p class="item">
        <b>{phase}</b>
        {progress?.message && !ended && <span title={progress.message}>{itemName(job, state.libraries)}</span>}
      </p>
      <div class="job-foot">
        <dl class="facts">
          {progress && (
            <div>
              <dt class="unseen">Done</dt>
              <dd>
                {count(progress.current)}
                {progress.total !== null && <> of {count(progress.total)}</>}
              </dd>
            </div>
          )}
          {!ended && progress?.rate_per_s ? (
            <div>
              <dt class="unseen">Rate</dt>
              <dd>{rate(progress.rate_per_s)}</dd>
            </div>
          ) : null}
          {!ended && !cancelling && progress?.eta_s != null && (
            <div>
              <dt class="unseen">Time left</dt>
              <dd>{progress.eta_s < 2 ? "nearly done" : `${duration(progress.eta_s)} left`}</dd>
            </div>
          )}
          {!ended && job.attempted_at && (
            <div>
              <dt class="unseen">Running</dt>
              <dd class="faint">{duration(since(job.attempted_at, now))} so far</dd>
            </div>
          )}
          {job.attempt > 1 && (
            <div>
              <dt class="unseen">Attempt</dt>
              <dd class="warn">
                attempt {job.attempt} of {job.max_attempts}
              </dd>
            </div>
          )}
        </dl>
        {!ended && (
          <button
            class="small"
            type="button"
            aria-label={`Cancel ${title}`}
            aria-disabled={cancelling}
            onClick={() => !cancelling && void cancel(job)}
          >
            {cancelling ? "Cancelling…" : "Cancel"}
          </button>
        )}
      </div>
    </li>
  );
}

interface BarProps {
  label: string;
  percent: number | null;
  phase: string;
  job: Job;
  still: boolean;
}

export function Bar({ label, percent, phase, job, still }: BarProps) {
  const { current, total } = job.progress ?? { current: 0, total: null };
  const spoken = [
    phase || kindName(job.kind),
    percent === null ? "" : `${Math.floor(percent)} percent`,
    total === null ? (current ? `${count(current)} so far` : "") : `${count(current)} of ${count(total)}`,
  ];
  return (
    <div
      class={`bar ${percent === null && !still ? "unknown" : ""}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(percent === null ? {} : { "aria-valuenow": Math.floor(percent) })}
      aria-valuetext={spoken.filter(Boolean).join(", ")}
    >
      <div class="bar-fill" style={{ transform: `scaleX(${(percent ?? 0) / 100})` }} />
    </div>
  );
}
