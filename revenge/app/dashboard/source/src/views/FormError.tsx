/** Why a form was not taken, told to those who cannot see it, too. */
export function FormError({ error }: { error: string }) {
  return error ? (
    <p class="form-error" role="alert">
      {error}
    </p>
  ) : null;
}
