import { useEffect, useState } from "preact/hooks";
import { ApiError, api } from "../api";
import { notify } from "../store";
import { plural, size } from "../format";
import { useBusy, useModal } from "../hooks";
import type { Credit, Episode, MovieDetail, Season, SeriesDetail } from "../types";
import { Poster } from "./Browse";
import type { Shelf } from "./Browse";

const MOST_CAST = 12;

type Read = { shelf: "movies"; title: MovieDetail } | { shelf: "tvshows"; title: SeriesDetail };

/** A film or a series with what is known of it and what libraries have of it. */
export function TitleSheet({ shelf, id }: { shelf: Shelf; id: string }) {
  const dialog = useModal();
  const [read, setRead] = useState<Read | string | null>(null);
  useEffect(() => {
    const asked: Promise<Read> =
      shelf === "movies"
        ? api.movie(id).then((title) => ({ shelf, title }))
        : api.oneSeries(id).then((title) => ({ shelf, title }));
    asked.then(setRead, (error: unknown) =>
      setRead(error instanceof ApiError && error.status === 404 ? "It is not here any more." : String(error)),
    );
  }, [shelf, id]);
  const close = () => {
    location.hash = `#/${shelf}`;
  };
  return (
    <dialog
      class="sheet"
      ref={dialog}
      aria-labelledby="title-name"
      onClose={() => location.hash === `#/${shelf}/${id}` && close()}
      onClick={(event) => event.target === event.currentTarget && close()}
    >
      <div class="sheet-inner">
        <div class="panel-head">
          <h2 id="title-name">{read && typeof read === "object" ? read.title.title : "…"}</h2>
          <button class="small" type="button" onClick={close} aria-label="Close">
            Close
          </button>
        </div>
        {typeof read === "string" && <p class="error-text">{read}</p>}
        {read && typeof read === "object" && <Body read={read} />}
      </div>
    </dialog>
  );
}

function Body({ read }: { read: Read }) {
  const [busy, run] = useBusy();
  const title = read.title;
  const refresh = async () => {
    try {
      const job = await (read.shelf === "movies" ? api.refreshMovie(title.id) : api.refreshSeries(title.id));
      location.hash = `#/jobs/${job.job_id}`;
    } catch (error) {
      notify(error instanceof Error ? error.message : String(error));
    }
  };
  const genres = read.shelf === "movies" ? read.title.genres.map((genre) => genre.name) : read.title.genres;
  const cast = read.shelf === "movies" ? read.title.cast : read.title.credits.filter((credit) => credit.type === "cast");
  const facts = [
    title.year,
    read.shelf === "movies" ? read.title.runtime_min && `${read.title.runtime_min} min` : read.title.networks.join(", "),
    title.vote_average && `★ ${title.vote_average.toFixed(1)}`,
    genres.join(", "),
  ].filter(Boolean);
  return (
    <>
      <div class="title-top">
        <Poster title={{ id: title.id, title: title.title, has_poster: "poster" in title.images }} />
        <div>
          <p class="row-facts">
            {facts.map((fact) => (
              <span key={String(fact)}>{fact}</span>
            ))}
          </p>
          {title.original_title && title.original_title !== title.title && <p class="faint">{title.original_title}</p>}
          {title.tagline && <p class="tagline">{title.tagline}</p>}
          <p>{title.overview ?? "Nobody has told what it is about."}</p>
        </div>
      </div>
      <div class="sheet-acts">
        <button type="button" aria-disabled={busy} onClick={() => run(refresh)}>
          Refresh
        </button>
      </div>
      {read.shelf === "movies" && <Versions movie={read.title} />}
      {read.shelf === "tvshows" && <Seasons series={read.title} />}
      {cast.length > 0 && <Cast credits={cast} />}
    </>
  );
}

function Versions({ movie }: { movie: MovieDetail }) {
  return (
    <section>
      <h3>{plural(movie.versions.length, "version")}</h3>
      <ul class="attempts">
        {movie.versions.map((version) => (
          <li key={version.files.map((file) => file.path).join()}>
            <p class="row-facts">
              <b>{version.resolution ?? "unknown resolution"}</b>
              {version.edition && <span>{version.edition}</span>}
              <span class="faint">{size(version.size_bytes)}</span>
            </p>
            {version.files.map((file) => (
              <p class="path" key={file.path}>
                {file.path}
              </p>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Seasons({ series }: { series: SeriesDetail }) {
  return (
    <section>
      <h3>
        {plural(series.season_count, "season")}, {series.episode_file_count} of {plural(series.episode_count, "episode")} here
      </h3>
      {series.seasons.map((season) => (
        <Episodes key={season.number} series={series.id} season={season} />
      ))}
    </section>
  );
}

function Episodes({ series, season }: { series: string; season: Season }) {
  const [episodes, setEpisodes] = useState<Episode[] | string | null>(null);
  const load = () => {
    if (episodes !== null) return;
    api.season(series, season.number).then(
      (found) => setEpisodes(found.episodes),
      (error: unknown) => setEpisodes(error instanceof Error ? error.message : String(error)),
    );
  };
  return (
    <details class="json" onToggle={(event) => event.currentTarget.open && load()}>
      <summary>
        {season.name ?? (season.number ? `Season ${season.number}` : "Specials")}{" "}
        <span class="faint">{plural(season.episode_count, "episode")}</span>
      </summary>
      {episodes === null && <p class="faint">Reading…</p>}
      {typeof episodes === "string" && <p class="error-text">{episodes}</p>}
      {Array.isArray(episodes) && (
        <ol class="episodes">
          {episodes.map((episode) => (
            <li key={episode.number} class={episode.has_file ? "" : "faint"}>
              <b>{episode.number}</b> {episode.title ?? `Episode ${episode.number}`}
              {!episode.has_file && " (not here)"}
            </li>
          ))}
        </ol>
      )}
    </details>
  );
}

function Cast({ credits }: { credits: Credit[] }) {
  return (
    <section>
      <h3>Cast</h3>
      <ul class="cast">
        {credits.slice(0, MOST_CAST).map((credit) => (
          <li key={`${credit.name}-${credit.character}`}>
            <b>{credit.name}</b> {credit.character && <span class="faint">as {credit.character}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
