import { api } from "../api";
import { useSubmit } from "../hooks";
import { begin } from "../live";
import { Mark } from "./App";
import { FormError } from "./FormError";

export function Login() {
  const { busy, error, run } = useSubmit();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const key = String(new FormData(form).get("api_key"));
    run(async () => {
      try {
        await api.signIn(key);
        await begin();
      } catch (problem) {
        form.reset();
        throw problem;
      }
    });
  };
  return (
    <main class="splash">
      <form class="login" onSubmit={submit}>
        <Mark />
        <h1>Revenge</h1>
        <label>
          API key
          <input
            name="api_key"
            type="password"
            required
            maxLength={1000}
            autocomplete="current-password"
            autofocus
            aria-describedby="key-hint"
          />
          <small id="key-hint">The value of server.api_key in this server's settings.</small>
        </label>
        <FormError error={error} />
        <button class="primary" type="submit" aria-disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
