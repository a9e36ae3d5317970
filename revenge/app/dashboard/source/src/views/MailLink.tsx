import { useState } from "preact/hooks";
import { api } from "../api";
import { useSubmit } from "../hooks";
import { Mark } from "./App";
import { FormError } from "./FormError";

export type Link = { about: "password_reset" | "email_verification"; token: string };

/** What a mail's link leads to, if that is where we are. The server never sees what follows the `#`. */
export function linkIn(hash: string): Link | null {
  const [, about, token] = /^#(password_reset|email_verification)=([\w-]+)$/.exec(hash) ?? [];
  return about && token ? { about: about as Link["about"], token } : null;
}

/** Where a mail's link leads: a new password, or a confirmed address. Nothing happens before a button is pressed. */
export function MailLink({ link }: { link: Link }) {
  const { busy, error, setError, run } = useSubmit();
  const [done, setDone] = useState(false);
  const isReset = link.about === "password_reset";

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    if (isReset && form.get("password") !== form.get("again")) {
      setError("The two passwords differ.");
      return;
    }
    run(async () => {
      await (isReset ? api.resetPassword(link.token, String(form.get("password"))) : api.verifyEmail(link.token));
      setDone(true);
    });
  };

  return (
    <main class="splash">
      <form class="login" onSubmit={submit}>
        <Mark />
        <h1>{isReset ? "A new password" : "Is this your address?"}</h1>
        {done ? (
          <>
            <p role="status">
              {isReset ? "It is set, and every login with the old one has ended." : "Your address is confirmed."}
            </p>
            <a href="#">Go on</a>
          </>
        ) : (
          <>
            {isReset && <PasswordFields />}
            <FormError error={error} />
            <button class="primary" type="submit" aria-disabled={busy}>
              {busy ? "One moment…" : isReset ? "Set it" : "Yes, confirm it"}
            </button>
          </>
        )}
      </form>
    </main>
  );
}

function PasswordFields() {
  const rules = { type: "password", required: true, minLength: 8, maxLength: 1000, autocomplete: "new-password" } as const;
  return (
    <>
      <label>
        New password
        <input name="password" autofocus aria-describedby="password-hint" {...rules} />
        <small id="password-hint">At least eight characters.</small>
      </label>
      <label>
        The same again
        <input name="again" {...rules} />
      </label>
    </>
  );
}
