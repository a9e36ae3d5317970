-- Those who use the server, how they are known, and what they watch. A token's own text is never kept, only its hash.
CREATE TABLE /* TEMPLATE: schema */account (
    id uuid PRIMARY KEY,
    username text NOT NULL,
    email text,
    display_name text,
    password_hash text,
    is_admin boolean NOT NULL DEFAULT false,
    is_active boolean NOT NULL DEFAULT true,
    email_verified_at timestamptz,
    last_login_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT account_username CHECK (char_length(username) BETWEEN 1 AND 255)
);

CREATE UNIQUE INDEX account_username_key ON /* TEMPLATE: schema */account (lower(username));
CREATE UNIQUE INDEX account_email_key ON /* TEMPLATE: schema */account (lower(email));

CREATE TABLE /* TEMPLATE: schema */session (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */account (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE,
    device_name text,
    ip_address inet,
    user_agent text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_activity_at timestamptz NOT NULL DEFAULT now(),
    token_expires_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoke_reason text,
    CONSTRAINT session_expires CHECK (token_expires_at <= expires_at)
);

COMMENT ON COLUMN /* TEMPLATE: schema */session.expires_at IS 'until then its refresh token gives it a new token, and more time';

CREATE INDEX session_account ON /* TEMPLATE: schema */session (account_id, id);
CREATE INDEX session_activity ON /* TEMPLATE: schema */session (last_activity_at) WHERE revoked_at IS NULL;
CREATE INDEX session_end ON /* TEMPLATE: schema */session (expires_at);
CREATE INDEX session_revoked ON /* TEMPLATE: schema */session (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE /* TEMPLATE: schema */account_token (
    id uuid PRIMARY KEY,
    account_id uuid REFERENCES /* TEMPLATE: schema */account (id) ON DELETE CASCADE,
    session_id uuid REFERENCES /* TEMPLATE: schema */session (id) ON DELETE CASCADE,
    kind text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    name text,
    data jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT account_token_kind CHECK (kind IN (
        'refresh', 'password_reset', 'email_verification', 'mfa_challenge', 'webauthn_challenge', 'oidc_state', 'api_key'
    )),
    CONSTRAINT account_token_expires CHECK (expires_at IS NOT NULL OR kind = 'api_key')
);

CREATE INDEX account_token_session ON /* TEMPLATE: schema */account_token (session_id);
CREATE INDEX account_token_account ON /* TEMPLATE: schema */account_token (account_id);
CREATE INDEX account_token_expires ON /* TEMPLATE: schema */account_token (kind, expires_at);

CREATE TABLE /* TEMPLATE: schema */failed_login (
    id uuid PRIMARY KEY,
    username text NOT NULL,
    ip_address inet,
    attempted_at timestamptz NOT NULL
);

CREATE INDEX failed_login_time ON /* TEMPLATE: schema */failed_login (attempted_at);
CREATE INDEX failed_login_address ON /* TEMPLATE: schema */failed_login (ip_address, attempted_at);
CREATE INDEX failed_login_username ON /* TEMPLATE: schema */failed_login (lower(username), attempted_at);

CREATE TABLE /* TEMPLATE: schema */library_permission (
    library_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */library (id) ON DELETE CASCADE,
    account_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */account (id) ON DELETE CASCADE,
    permission text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (library_id, account_id, permission),
    CONSTRAINT library_permission_permission CHECK (permission IN ('view', 'download', 'manage'))
);

CREATE INDEX library_permission_account ON /* TEMPLATE: schema */library_permission (account_id);

CREATE TABLE /* TEMPLATE: schema */watched (
    account_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */account (id) ON DELETE CASCADE,
    entity_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */entity (id) ON DELETE CASCADE,
    position_s integer NOT NULL DEFAULT 0,
    duration_s integer,
    is_completed boolean NOT NULL DEFAULT false,
    play_count integer NOT NULL DEFAULT 0,
    last_watched_at timestamptz NOT NULL,
    completed_at timestamptz,
    PRIMARY KEY (account_id, entity_id)
);

CREATE INDEX watched_order ON /* TEMPLATE: schema */watched (account_id, last_watched_at, entity_id);
CREATE INDEX watched_entity ON /* TEMPLATE: schema */watched (entity_id);

CREATE TABLE /* TEMPLATE: schema */playback_session (
    id uuid PRIMARY KEY,
    account_id uuid REFERENCES /* TEMPLATE: schema */account (id) ON DELETE CASCADE,
    entity_id uuid REFERENCES /* TEMPLATE: schema */entity (id) ON DELETE SET NULL,
    file_id uuid REFERENCES /* TEMPLATE: schema */library_file (id) ON DELETE SET NULL,
    node text NOT NULL,
    client text,
    position_s integer NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text
);

CREATE INDEX playback_session_open ON /* TEMPLATE: schema */playback_session (last_seen_at) WHERE ended_at IS NULL;
CREATE INDEX playback_session_ended ON /* TEMPLATE: schema */playback_session (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX playback_session_account ON /* TEMPLATE: schema */playback_session (account_id);
CREATE INDEX playback_session_entity ON /* TEMPLATE: schema */playback_session (entity_id);
CREATE INDEX playback_session_file ON /* TEMPLATE: schema */playback_session (file_id);
