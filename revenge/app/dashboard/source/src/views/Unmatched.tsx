import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { announce, notify } from "../store";
import { useBusy } from "../hooks";
import type { Item, Library } from "../types";

/** What nobody could tell for sure: what it may be, for a person to choose. */
export function Unmatched() {
  const [films, setFilms] = useState<Library[] | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    api.libraries().then(
      (found) => setFilms(found.filter((library) => library.type === "movie")),
      (problem: unknown) => setError(problem instanceof Error ? problem.message : String(problem)),
    );
  }, []);
  return (
    <main class="browse" id="now" tabIndex={-1}>
      <div class="browse-head">
        <h1>Unmatched</h1>
        <nav class="tabs" aria-label="What is shown">
          <a href="#/movies">Films</a>
          <a href="#/tvshows">Shows</a>
          <a href="#/unmatched" aria-current="page">
            Unmatched
          </a>
        </nav>
      </div>
      {error && <p class="error-text">{error}</p>}
      {films?.length === 0 && <p class="empty">There is no library of films.</p>}
      {films?.map((library) => (
        <LibraryItems key={library.id} library={library} />
      ))}
    </main>
  );
}

function LibraryItems({ library }: { library: Library }) {
  const [items, setItems] = useState<Item[] | string | null>(null);
  useEffect(() => {
    api.unmatched(library.id).then(
      (page) => setItems(page.items),
      (error: unknown) => setItems(error instanceof Error ? error.message : String(error)),
    );
  }, [library.id]);
  const forget = (item: Item) => setItems((before) => (Array.isArray(before) ? before.filter((each) => each !== item) : before));
  return (
    <section class="panel" aria-label={library.name}>
      <div class="panel-head">
        <h2>{library.name}</h2>
      </div>
      {items === null && <p class="faint">Looking…</p>}
      {typeof items === "string" && <p class="error-text">{items}</p>}
      {Array.isArray(items) && items.length === 0 && <p class="empty">Everything here has been matched.</p>}
      <ul class="rows">
        {Array.isArray(items) && items.map((item) => <ItemRow key={item.id} item={item} onDone={() => forget(item)} />)}
      </ul>
    </section>
  );
}

function ItemRow({ item, onDone }: { item: Item; onDone: () => void }) {
  const [busy, run] = useBusy();
  const choose = (choice: { candidate: number } | { ignore: true }, done: string) =>
    run(async () => {
      try {
        await api.choose(item.library_id, item.id, choice);
        announce(done);
        onDone();
      } catch (error) {
        notify(error instanceof Error ? error.message : String(error));
      }
    });
  return (
    <li class="row">
      <div class="row-main">
        <h3>
          {item.title} {item.year && <span class="faint">{item.year}</span>}
        </h3>
        {item.files.map((file) => (
          <p class="path" key={file.path}>
            {file.path}
          </p>
        ))}
        {item.error && <p class="faint">{item.error}</p>}
        <ul class="candidates">
          {item.candidates.map((candidate) => (
            <li key={candidate.position}>
              <button
                class="small"
                type="button"
                aria-disabled={busy}
                onClick={() => choose({ candidate: candidate.position }, `${item.title} is ${candidate.title}`)}
              >
                {candidate.title}
                {candidate.year && ` (${candidate.year})`} <span class="faint">{Math.round(candidate.score * 100)} %</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
      <div class="row-acts">
        <button class="small" type="button" aria-disabled={busy} onClick={() => choose({ ignore: true }, `${item.title} is left alone`)}>
          Leave it alone
        </button>
      </div>
    </li>
  );
}
