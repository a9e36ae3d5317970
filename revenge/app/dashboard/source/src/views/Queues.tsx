import { setPaused } from "../live";
import { count, duration } from "../format";
import { useBusy } from "../hooks";
import type { State } from "../store";
import type { Queue } from "../types";

const ORDER = ["critical", "high", "default", "low", "bulk"];

function place(queue: Queue): number {
  const at = ORDER.indexOf(queue.name);
  return at < 0 ? ORDER.length : at;
}

export function Queues({ state }: { state: State }) {
  const queues = [...(state.queues ?? [])].sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name));
  return (
    <section class="panel queues" aria-labelledby="queues-title">
      <div class="panel-head">
        <h2 id="queues-title">Queues</h2>
      </div>
      {state.queues?.length === 0 && <p class="empty">A queue appears when a worker first serves it.</p>}
      <ul class="lanes">
        {queues.map((queue) => (
          <Lane key={queue.name} queue={queue} />
        ))}
      </ul>
    </section>
  );
}

function Lane({ queue }: { queue: Queue }) {
  const [busy, run] = useBusy();
  const running = queue.counts.running ?? 0;
  const waiting = (queue.counts.available ?? 0) + (queue.counts.retryable ?? 0);
  const later = (queue.counts.scheduled ?? 0) + (queue.counts.pending ?? 0);
  const share = queue.workers ? Math.min(1, running / queue.workers) : 0;
  return (
    <li class={`lane ${queue.paused ? "paused" : ""}`}>
      <h3>
        {queue.name.charAt(0).toUpperCase() + queue.name.slice(1)}
        <span>
          {count(running)} of {count(queue.workers)} busy
        </span>
      </h3>
      <div class="gauge" aria-hidden="true">
        <div style={{ transform: `scaleX(${share})` }} />
      </div>
      <p class="lane-facts">
        {waiting > 0 && (
          <span class={queue.oldest_wait_s !== null && queue.oldest_wait_s > 60 ? "warn" : ""}>
            {count(waiting)} waiting
            {queue.oldest_wait_s !== null && `, oldest ${duration(queue.oldest_wait_s)}`}
          </span>
        )}
        {later > 0 && <span class="faint">{count(later)} later</span>}
        {queue.paused && <span class="warn">paused</span>}
        {queue.workers === 0 && !queue.paused && <span class="warn">no workers</span>}
      </p>
      <button
        class="small"
        type="button"
        aria-label={`${queue.paused ? "Resume" : "Pause"} queue ${queue.name}`}
        aria-disabled={busy}
        onClick={() => run(() => setPaused(queue.name, !queue.paused))}
      >
        {queue.paused ? "Resume" : "Pause"}
      </button>
    </li>
  );
}
