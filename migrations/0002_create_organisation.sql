-- Why: tenants, their people, their provider accounts and numbers.
-- Locks: creates tables only.
-- Undo: drop the tables; nothing else refers to them yet.
CREATE TABLE organisation (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    -- ISO 3166 alpha-2 of the countries whose numbers it writes without a prefix, most usual first.
    countries text[] NOT NULL CHECK (cardinality(countries) > 0),
    -- What HELP answers and the stop confirmation say; NULL: the built-in sentence with the name.
    help_text text,
    confirmation_text text,
    -- Local minutes of the day between which people may be texted, on top of the law's own hours.
    opens_minute smallint NOT NULL DEFAULT 540 CHECK (opens_minute BETWEEN 0 AND 1439),
    closes_minute smallint NOT NULL DEFAULT 1200 CHECK (closes_minute BETWEEN 1 AND 1440),
    -- Texts to one person in 24 h over all campaigns (Florida, Oklahoma, Maryland, Oregon: 3).
    frequency_cap smallint NOT NULL DEFAULT 3 CHECK (frequency_cap BETWEEN 1 AND 8),
    -- Paced mode texts without a person's press: off unless the installation allows it (US practice).
    paced_allowed boolean NOT NULL DEFAULT false,
    profile jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (opens_minute < closes_minute)
);

CREATE TABLE member (
    organisation_id integer NOT NULL REFERENCES organisation,
    id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    email text CHECK (email = lower(email)),
    number text,
    role text NOT NULL CHECK (role IN ('owner', 'organiser', 'compliance', 'lead', 'texter')),
    language text NOT NULL DEFAULT 'en',
    password text,          -- PHC string of scrypt
    totp_secret bytea,      -- AES-256-GCM
    free_text boolean NOT NULL DEFAULT false,  -- unlocked by the reply lesson
    present_until timestamptz,                 -- an absent texter's conversations go to the pool
    deactivated_at timestamptz,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX member_email ON member (organisation_id, email) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX member_number ON member (organisation_id, number) WHERE number IS NOT NULL;

-- A browser that is signed in; the cookie's token is stored as its SHA-256 only.
CREATE TABLE sign_in (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    organisation_id integer NOT NULL,
    member_id uuid NOT NULL,
    user_agent text,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    FOREIGN KEY (organisation_id, member_id) REFERENCES member ON DELETE CASCADE
);
CREATE INDEX sign_in_member ON sign_in (organisation_id, member_id);

-- Single-use secrets that prove an address: six-digit codes, sign-in and invitation links.
CREATE TABLE proof (
    organisation_id integer NOT NULL REFERENCES organisation,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('code', 'link', 'invitation')),
    secret_hash bytea NOT NULL,
    member_id uuid,
    details jsonb NOT NULL DEFAULT '{}',
    tries smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (organisation_id, id)
);
CREATE INDEX proof_secret ON proof (secret_hash) WHERE used_at IS NULL;

-- Credentials at a provider. organisation_id NULL: shared by the whole installation (seeded from the
-- environment). `hook` is the unguessable part of its webhook addresses.
CREATE TABLE account (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id integer REFERENCES organisation,
    provider text NOT NULL,
    name text NOT NULL,
    api_url text,
    credentials bytea NOT NULL,      -- AES-256-GCM of a JSON object; its key is in SECRET_FILE
    hook text NOT NULL UNIQUE CHECK (length(hook) >= 16),
    callback_key bytea NOT NULL,     -- binds an attempt id in a callback address to this account
    in_flight_max smallint NOT NULL DEFAULT 100 CHECK (in_flight_max BETWEEN 1 AND 500),
    segments_per_second real CHECK (segments_per_second > 0),
    closed_until timestamptz,        -- circuit open: nothing is sent over it before then
    closed_reason text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX account_name ON account (coalesce(organisation_id, 0), name);

-- A number we text from: rate, caps, registration, and who holds it. Lease and rate state stand in
-- one row, so that the row's lock orders every worker (P4). No index names them: updates stay HOT.
CREATE TABLE sender (
    organisation_id integer NOT NULL REFERENCES organisation,
    id uuid NOT NULL,
    account_id integer NOT NULL REFERENCES account,
    number text NOT NULL CHECK (number <> ''),
    pool text NOT NULL DEFAULT 'default',
    segments_per_second real NOT NULL DEFAULT 1 CHECK (segments_per_second > 0),
    daily_cap integer CHECK (daily_cap > 0),  -- segments a day in cap_zone
    cap_zone text NOT NULL DEFAULT 'America/Los_Angeles',
    service text,                    -- the provider's pool object, e.g. a messaging service id
    country text,
    media boolean NOT NULL DEFAULT false,
    registration jsonb NOT NULL DEFAULT '{}',
    registration_expires_at timestamptz,
    retired_at timestamptz,
    quarantined_at timestamptz,      -- after a failover: waits until the provider's list was read back
    holder uuid,
    epoch integer NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL DEFAULT '-infinity',
    ready_at timestamptz NOT NULL DEFAULT '-infinity',  -- a new epoch's first slot
    tat timestamptz NOT NULL DEFAULT '-infinity',       -- theoretical arrival time: end of the last slot
    cap_day date,
    cap_used integer NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, id)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE UNIQUE INDEX sender_number ON sender (account_id, number);

-- A process incarnation that sends. The permit file's header names it.
CREATE TABLE worker (
    incarnation uuid PRIMARY KEY,
    host text NOT NULL,
    boot_id text NOT NULL,
    permit_path text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now(),
    stopped_at timestamptz
) WITH (fillfactor = 50);
