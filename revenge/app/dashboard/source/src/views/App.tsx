import { useStore } from "../store";
import type { State } from "../store";
import { focusPage, useHash } from "../hooks";
import { AddLibrary } from "./AddLibrary";
import { Browse } from "./Browse";
import type { Shelf } from "./Browse";
import { Failures } from "./Failures";
import { Header } from "./Header";
import { JobSheet } from "./JobSheet";
import { Libraries } from "./Libraries";
import { Login } from "./Login";
import { MailLink, linkIn } from "./MailLink";
import { Notices } from "./Notices";
import { Queues } from "./Queues";
import { Running } from "./Running";
import { Scans } from "./Scans";
import { TitleSheet } from "./TitleSheet";
import { Unmatched } from "./Unmatched";

/** Addresses of the first page, and of what opens above it. */
const NOW = /^$|^#(\/?|now|\/add|\/jobs\/\d+)$/;

export function App() {
  const state = useStore();
  const hash = useHash();
  const jobId = Number(/^#\/jobs\/(\d+)$/.exec(hash)?.[1]);
  const [, shelf, titleId] = /^#\/(movies|tvshows)(?:\/([0-9a-f-]{36}))?$/.exec(hash) ?? [];
  const link = linkIn(hash);

  if (link) return <MailLink key={hash} link={link} />;
  if (state.signedIn === null) {
    return (
      <main class="splash" aria-busy="true">
        <Mark />
        <p>{state.connection === "reconnecting" ? "Waiting for the server…" : "Connecting…"}</p>
      </main>
    );
  }
  if (!state.signedIn) return <Login />;
  return (
    <>
      <a
        class="skip"
        href="#now"
        onClick={(event) => {
          // The address says which page is shown: it must not change.
          event.preventDefault();
          focusPage();
        }}
      >
        Skip to the content
      </a>
      <Header state={state} hash={hash} />
      {shelf ? (
        <Browse key={shelf} shelf={shelf as Shelf} />
      ) : hash === "#/unmatched" ? (
        <Unmatched />
      ) : NOW.test(hash) ? (
        <Now state={state} />
      ) : (
        <NoSuchPage />
      )}
      <footer class="foot">
        {state.server && <span>Revenge {state.server.version}</span>}
        <a href="/openapi.json">API</a>
        <a href="/metrics">Metrics</a>
      </footer>
      {hash === "#/add" && <AddLibrary />}
      {shelf && titleId && <TitleSheet key={titleId} shelf={shelf as Shelf} id={titleId} />}
      {jobId > 0 && <JobSheet key={jobId} id={jobId} state={state} />}
      <Notices notices={state.notices} />
      <div class="unseen" role="status" aria-live="polite">
        {state.announcement}
      </div>
    </>
  );
}

function Now({ state }: { state: State }) {
  return (
    <main class="board" id="now" tabIndex={-1}>
      <h1 class="unseen">Now</h1>
      <div class="column wide">
        <Running state={state} />
        <Scans state={state} />
      </div>
      <div class="column">
        <Libraries state={state} />
        <Failures state={state} />
        <Queues state={state} />
      </div>
    </main>
  );
}

function NoSuchPage() {
  return (
    <main class="browse" id="now" tabIndex={-1}>
      <div class="empty calm">
        <h1 class="empty-title">There is no such page</h1>
        <p>
          Its address may have been cut off. <a href="#/">See what is going on now</a>
        </p>
      </div>
    </main>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <path d="M8 9.5h9.5M8 16h16M8 22.5h12" />
    </svg>
  );
}
