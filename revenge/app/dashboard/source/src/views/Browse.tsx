import { useEffect, useRef, useState } from "preact/hooks";
import { api, picture } from "../api";
import { count, plural } from "../format";
import type { Found, Movie, Series, Title } from "../types";

export type Shelf = "movies" | "tvshows";

const NAMES: Record<Shelf, string> = { movies: "Films", tvshows: "Shows" };
const PAUSE_MS = 200;

/** The films or the shows that are known, with their posters; words in the field search both. */
export function Browse({ shelf }: { shelf: Shelf }) {
  const [words, setWords] = useState("");
  return (
    <main class="browse" id="now" tabIndex={-1}>
      <div class="browse-head">
        <h1>{NAMES[shelf]}</h1>
        <nav class="tabs" aria-label="What is shown">
          {(Object.keys(NAMES) as Shelf[]).map((each) => (
            <a key={each} href={`#/${each}`} aria-current={each === shelf ? "page" : undefined}>
              {NAMES[each]}
            </a>
          ))}
          <a href="#/unmatched">Unmatched</a>
        </nav>
        <input
          type="search"
          aria-label="Search films and shows"
          placeholder="Search"
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
      </div>
      {words.trim() ? <Results words={words.trim()} /> : <All shelf={shelf} />}
    </main>
  );
}

function All({ shelf }: { shelf: Shelf }) {
  const [titles, setTitles] = useState<Title[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [error, setError] = useState("");
  const load = async (cursor: string | null) => {
    try {
      const page = await (shelf === "movies" ? moviePage(cursor) : seriesPage(cursor));
      setTitles((before) => [...(cursor === null ? [] : (before ?? [])), ...page.titles]);
      setNext(page.next);
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem));
    }
  };
  useEffect(() => void load(null), [shelf]);
  if (error) return <p class="error-text">{error}</p>;
  if (titles === null) return <p class="faint">Looking…</p>;
  if (titles.length === 0)
    return <p class="empty">Nothing here yet. What a scan finds is matched right after it, and shows up here.</p>;
  return (
    <>
      <Grid titles={titles} shelf={shelf} />
      {next !== null && (
        <button type="button" class="more" onClick={() => void load(next)}>
          Show more
        </button>
      )}
    </>
  );
}

function Results({ words }: { words: string }) {
  const [found, setFound] = useState<{ movies: Found; tvshows: Found } | string | null>(null);
  const asked = useRef(0);
  useEffect(() => {
    const mine = ++asked.current;
    const timer = setTimeout(() => {
      api.search(words).then(
        (answer) => mine === asked.current && setFound(answer),
        (problem: unknown) =>
          mine === asked.current && setFound(problem instanceof Error ? problem.message : String(problem)),
      );
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [words]);
  if (found === null) return <p class="faint">Searching…</p>;
  if (typeof found === "string") return <p class="error-text">{found}</p>;
  const shelves = (Object.keys(NAMES) as Shelf[]).filter((shelf) => found[shelf].hits.length > 0);
  return (
    <div role="status" aria-live="polite">
      {shelves.length === 0 && <p class="empty">Nothing is called like that.</p>}
      {shelves.map((shelf) => (
        <section key={shelf}>
          <h2>
            {NAMES[shelf]} <span class="faint">{count(found[shelf].total_hits)}</span>
          </h2>
          <Grid titles={found[shelf].hits.map((hit) => titleOf(hit.document))} shelf={shelf} />
        </section>
      ))}
    </div>
  );
}

function Grid({ titles, shelf }: { titles: Title[]; shelf: Shelf }) {
  return (
    <ul class="posters">
      {titles.map((title) => (
        <li key={title.id}>
          <a href={`#/${shelf}/${title.id}`}>
            <Poster title={title} />
            <b>{title.title}</b>
            <span class="faint">{[title.year, title.fact].filter(Boolean).join(" · ")}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** The poster, or the title's first letter where there is none or it cannot be had. */
export function Poster({ title }: { title: Pick<Title, "id" | "title" | "has_poster"> }) {
  const [gone, setGone] = useState(false);
  if (!title.has_poster || gone)
    return (
      <span class="poster none" aria-hidden="true">
        {title.title.charAt(0)}
      </span>
    );
  return (
    <img
      class="poster"
      src={picture(title.id, "poster", "w342")}
      alt=""
      width={342}
      height={513}
      loading="lazy"
      decoding="async"
      onError={() => setGone(true)}
    />
  );
}

async function moviePage(cursor: string | null): Promise<{ titles: Title[]; next: string | null }> {
  const page = await api.movies(cursor);
  return { titles: page.movies.map(movieTitle), next: page.next_cursor };
}

async function seriesPage(cursor: string | null): Promise<{ titles: Title[]; next: string | null }> {
  const page = await api.series(cursor);
  return { titles: page.series.map(seriesTitle), next: page.next_cursor };
}

function movieTitle(movie: Movie): Title {
  const fact = movie.runtime_min ? `${movie.runtime_min} min` : "";
  return { id: movie.id, title: movie.title, year: movie.year, has_poster: "poster" in movie.images, fact };
}

function seriesTitle(series: Series): Title {
  const fact = plural(series.episode_file_count, "episode");
  return { id: series.id, title: series.title, year: series.year, has_poster: "poster" in series.images, fact };
}

function titleOf(document: Record<string, unknown>): Title {
  return {
    id: String(document.id),
    title: String(document.title),
    year: typeof document.year === "number" ? document.year : null,
    has_poster: Boolean(document.poster_path),
    fact: "",
  };
}
