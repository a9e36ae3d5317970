-- Accounts, and the libraries that they may use.

-- name: account_lock :exec
-- One at a time changes who administers: two that ban each other would leave nobody.
SELECT pg_advisory_xact_lock(hashtextextended('revenge.account', 0));

-- name: account_insert :exec
-- $1 uuid id, $2 text username, $3 text email, $4 text display_name, $5 text password_hash, $6 boolean is_admin
INSERT INTO /* TEMPLATE: schema */account (id, username, email, display_name, password_hash, is_admin)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: account_get :one
-- $1 uuid id
SELECT
    id, username, email, display_name, is_admin, is_active, password_hash IS NOT NULL AS has_password, email_verified_at,
    last_login_at, created_at, updated_at
FROM /* TEMPLATE: schema */account
WHERE id = $1;

-- name: account_find :one
-- $1 text username
SELECT id FROM /* TEMPLATE: schema */account WHERE lower(username) = lower($1);

-- name: account_list :many
-- $1 text lower-case name after which the page begins, $2 integer rows at most
SELECT
    id, username, email, display_name, is_admin, is_active, password_hash IS NOT NULL AS has_password, email_verified_at,
    last_login_at, created_at, updated_at, lower(username) AS sort_key
FROM /* TEMPLATE: schema */account
WHERE lower(username) > $1
ORDER BY lower(username)
LIMIT $2;

-- name: account_update :exec
-- $1 uuid id, $2 text email, $3 text display_name, $4 boolean is_admin, $5 boolean is_active
UPDATE /* TEMPLATE: schema */account
SET email_verified_at = CASE WHEN email IS NOT DISTINCT FROM $2 THEN email_verified_at END,
    email = $2, display_name = $3, is_admin = $4, is_active = $5, updated_at = now()
WHERE id = $1;

-- name: account_set_password :exec
-- $1 uuid id, $2 text password_hash
UPDATE /* TEMPLATE: schema */account SET password_hash = $2, updated_at = now() WHERE id = $1;

-- name: account_set_email_verified :exec
-- $1 uuid id
UPDATE /* TEMPLATE: schema */account SET email_verified_at = now(), updated_at = now() WHERE id = $1;

-- name: account_delete :exec
-- With its sessions, tokens, permissions and what it watched. $1 uuid id
DELETE FROM /* TEMPLATE: schema */account WHERE id = $1;

-- name: account_other_admin :one
-- Whether somebody else can administer. $1 uuid id
SELECT EXISTS (SELECT FROM /* TEMPLATE: schema */account WHERE is_admin AND is_active AND id <> $1);

-- name: account_credentials :one
-- $1 text username
SELECT id, username, is_active, password_hash FROM /* TEMPLATE: schema */account WHERE lower(username) = lower($1);

-- name: account_logged_in :exec
-- $1 uuid id
UPDATE /* TEMPLATE: schema */account SET last_login_at = now() WHERE id = $1;

-- name: permission_insert :one
-- Returns nothing for one that was there. $1 uuid library_id, $2 uuid account_id, $3 text permission
INSERT INTO /* TEMPLATE: schema */library_permission (library_id, account_id, permission)
VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING
RETURNING created_at;

-- name: permission_delete :many
-- $1 uuid library_id, $2 uuid account_id, $3 text permission, null for all
DELETE FROM /* TEMPLATE: schema */library_permission
WHERE library_id = $1 AND account_id = $2 AND ($3::text IS NULL OR permission = $3)
RETURNING permission;

-- name: permission_list :many
-- $1 uuid library_id, $2 uuid account_id and $3 text permission after which the page begins, $4 integer rows at most
SELECT granted.library_id, granted.account_id, account.username, granted.permission, granted.created_at
FROM /* TEMPLATE: schema */library_permission AS granted
JOIN /* TEMPLATE: schema */account AS account ON account.id = granted.account_id
WHERE granted.library_id = $1 AND (granted.account_id, granted.permission) > ($2, $3)
ORDER BY granted.account_id, granted.permission
LIMIT $4;

-- name: permission_libraries :many
-- $1 uuid account_id, $2 text permission
SELECT granted.library_id
FROM /* TEMPLATE: schema */library_permission AS granted
JOIN /* TEMPLATE: schema */library AS library ON library.id = granted.library_id AND library.deleted_at IS NULL
WHERE granted.account_id = $1 AND granted.permission = $2;
