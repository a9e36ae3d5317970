import { addLibrary } from "../live";
import { useModal, useSubmit } from "../hooks";
import { FormError } from "./FormError";

const close = () => {
  location.hash = "#/";
};

export function AddLibrary() {
  const dialog = useModal();
  const { busy, error, run } = useSubmit();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const paths = String(form.get("paths"))
      .split("\n")
      .map((path) => path.trim())
      .filter(Boolean);
    run(async () => {
      await addLibrary({ name: String(form.get("name")).trim(), type: String(form.get("type")), paths });
      close();
    });
  };
  return (
    <dialog class="box" ref={dialog} aria-labelledby="add-title" onClose={() => location.hash === "#/add" && close()}>
      <form onSubmit={submit}>
        <h2 id="add-title">Add a library</h2>
        <label>
          Name
          <input name="name" required maxLength={200} autocomplete="off" placeholder="Films" />
        </label>
        <label>
          What is in it
          <select name="type">
            <option value="movie">Films</option>
            <option value="tvshow">Shows</option>
          </select>
        </label>
        <label>
          Folders
          <textarea name="paths" required rows={3} spellcheck={false} placeholder="/srv/films" aria-describedby="paths-hint" />
          <small id="paths-hint">Full paths as the server sees them, one on each line. They are read, never changed.</small>
        </label>
        <FormError error={error} />
        <div class="form-acts">
          <button type="button" onClick={close}>
            Not now
          </button>
          <button class="primary" type="submit" aria-disabled={busy}>
            {busy ? "Adding…" : "Add and scan"}
          </button>
        </div>
      </form>
    </dialog>
  );
}
