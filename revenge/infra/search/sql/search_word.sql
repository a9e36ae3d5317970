-- Words of titles and names, to find what a mistyped one may have been.

-- name: word_put :exec
-- $1 text[] words, $2 text[] what each is with one letter less, as arrays ('{...}')
INSERT INTO /* TEMPLATE: schema */search_word (word, variants)
SELECT given.word, given.variants::text[]
FROM unnest($1::text[], $2::text[]) AS given (word, variants)
ORDER BY given.word
ON CONFLICT DO NOTHING;

-- name: word_alike :many
-- A slip apart, or, for long ones, alike by their trigrams. $1 text word, $2 text[] its variants, $3 boolean it is long
SELECT word FROM /* TEMPLATE: schema */search_word WHERE variants && $2::text[]
UNION
SELECT word FROM /* TEMPLATE: schema */search_word WHERE $3 AND word OPERATOR(public.%) $1
LIMIT 500;
