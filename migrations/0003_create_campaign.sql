-- Why: people, why we may text them, and the campaigns they are recipients of.
-- Locks: creates tables only.
-- Undo: drop the tables in reverse order.
CREATE TABLE zone_set (
    id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    zones text NOT NULL UNIQUE       -- sorted IANA names joined by commas; '' = unknown
);
INSERT INTO zone_set (zones) VALUES ('');

-- One per number and organisation, also for a stranger who only ever wrote STOP: the row that
-- attempts and opt-outs lock, so that of a person they are totally ordered (P3).
-- No foreign keys: neither tenants nor zone sets are ever deleted, and checking both took a third of
-- an import's time, each lock of the one tenant's row included.
CREATE TABLE contact (
    organisation_id integer NOT NULL,
    id uuid NOT NULL,
    number text,                     -- E.164; NULL once erased
    number_hash bytea NOT NULL,      -- HMAC-SHA256 under the installation's key; outlives erasure
    name text,
    country text,
    zone_set smallint NOT NULL DEFAULT 1,
    zone_source text NOT NULL DEFAULT 'unknown',
    language text,
    opted_out_at timestamptz,
    wrong_number_at timestamptz,
    landline boolean NOT NULL DEFAULT false,
    unlikely boolean NOT NULL DEFAULT false,
    erased_at timestamptz,
    -- The last few instants at which a text was let go, newest last: the frequency cap's evidence,
    -- exact because it is written under the row's lock. At most 8.
    texted_at timestamptz[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, id),
    CHECK (number IS NOT NULL OR erased_at IS NOT NULL)
) WITH (fillfactor = 60);
CREATE UNIQUE INDEX contact_number ON contact (organisation_id, number);
CREATE UNIQUE INDEX contact_number_hash ON contact (organisation_id, number_hash) WHERE number IS NULL;

CREATE TABLE campaign (
    organisation_id integer NOT NULL REFERENCES organisation,
    id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    mode text NOT NULL DEFAULT 'hand' CHECK (mode IN ('hand', 'paced')),
    pool text NOT NULL DEFAULT 'default',
    state text NOT NULL DEFAULT 'draft'
        CHECK (state IN ('draft', 'live', 'paused', 'held', 'finished', 'ended')),
    state_reason text,
    code text UNIQUE,                -- /j/CODE
    join_mode text NOT NULL DEFAULT 'code' CHECK (join_mode IN ('open', 'code', 'approve')),
    texters_max integer CHECK (texters_max > 0),
    assignment text NOT NULL DEFAULT 'sender' CHECK (assignment IN ('sender', 'even', 'pool')),
    script_version integer NOT NULL DEFAULT 0,
    opens_minute smallint CHECK (opens_minute BETWEEN 0 AND 1439),
    closes_minute smallint CHECK (closes_minute BETWEEN 1 AND 1440),
    send_before timestamptz,
    per_minute integer CHECK (per_minute > 0),           -- pace of paced mode over all senders
    price_micros bigint NOT NULL DEFAULT 0,              -- of one segment, millionths of the currency
    spend_ceiling_micros bigint CHECK (spend_ceiling_micros > 0),
    canary integer CHECK (canary > 0),                   -- size of the first slice, people
    lead_id uuid,
    settings jsonb NOT NULL DEFAULT '{}',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    launched_at timestamptz,
    paused_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, name)
);

CREATE TABLE script (
    organisation_id integer NOT NULL,
    campaign_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    language text NOT NULL DEFAULT 'en',
    body text NOT NULL CHECK (body <> ''),
    media text[] NOT NULL DEFAULT '{}',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, campaign_id, version),
    FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign
);

CREATE TABLE answer (
    organisation_id integer NOT NULL,
    campaign_id uuid NOT NULL,
    id uuid NOT NULL,
    parent_id uuid,                  -- branching: shown after this one
    position smallint NOT NULL DEFAULT 0,
    label text NOT NULL CHECK (label <> ''),
    body text NOT NULL DEFAULT '',
    question text,                   -- what it records: question = value
    value text,
    tag text,
    opts_out boolean NOT NULL DEFAULT false,
    practised_only boolean NOT NULL DEFAULT false,
    retired_at timestamptz,
    PRIMARY KEY (organisation_id, campaign_id, id),
    FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign
);

CREATE TABLE import (
    organisation_id integer NOT NULL,
    id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    file_name text NOT NULL,
    sha256 bytea NOT NULL,
    bytes bigint NOT NULL,
    mapping jsonb NOT NULL DEFAULT '{}',
    -- Why we may text these people; compliance reads it later, so it is never empty.
    consent_source text NOT NULL CHECK (btrim(consent_source) <> ''),
    consent_wording text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'staging' CHECK (state IN ('staging', 'merging', 'done', 'undone', 'failed')),
    rows_read bigint NOT NULL DEFAULT 0,
    rows_good bigint NOT NULL DEFAULT 0,
    rows_duplicate bigint NOT NULL DEFAULT 0,
    rows_opted_out bigint NOT NULL DEFAULT 0,
    rows_landline bigint NOT NULL DEFAULT 0,
    rows_unlikely bigint NOT NULL DEFAULT 0,
    rows_rejected bigint NOT NULL DEFAULT 0,
    merged_rows bigint NOT NULL DEFAULT 0,   -- where an interrupted merge goes on
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign
);
-- One at a time: an interrupted import is resumed or undone before the campaign's next one.
CREATE UNIQUE INDEX import_open ON import (organisation_id, campaign_id) WHERE state = 'merging';

CREATE TABLE import_reject (
    organisation_id integer NOT NULL,
    import_id uuid NOT NULL,
    row_number bigint NOT NULL,      -- line of the file's data, 1 = first after the header
    reason text NOT NULL,
    detail text NOT NULL DEFAULT '',
    PRIMARY KEY (organisation_id, import_id, row_number)
);

CREATE TABLE consent (
    organisation_id integer NOT NULL,
    contact_id uuid NOT NULL,
    import_id uuid NOT NULL,
    row_number bigint NOT NULL,
    source text NOT NULL CHECK (btrim(source) <> ''),
    wording text NOT NULL DEFAULT '',
    given_at timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, contact_id, import_id)
);

-- Recipients of one import that share a zone set, in an order shuffled by hash.
CREATE TABLE lane (
    organisation_id integer NOT NULL,
    id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    import_id uuid NOT NULL,
    zone_set smallint NOT NULL REFERENCES zone_set,
    size integer NOT NULL CHECK (size >= 0),
    next_position integer NOT NULL DEFAULT 1,
    canary_end integer,              -- while held for a canary, draws stop after this position
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, campaign_id, import_id, zone_set),
    FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign,
    CHECK (next_position BETWEEN 1 AND size + 1)
) WITH (fillfactor = 50);

-- Campaign × contact. The id of its first text is minted here, in position order, so that message's
-- primary key refuses a second draw whatever happens to cursor or lease.
CREATE TABLE recipient (
    organisation_id integer NOT NULL,
    contact_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    lane_id uuid NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    message_id uuid NOT NULL,
    segments smallint NOT NULL DEFAULT 1,
    fields jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (organisation_id, contact_id, campaign_id)
);
CREATE UNIQUE INDEX recipient_position ON recipient (organisation_id, lane_id, position);

-- A recipient in a texter's hands, until when. A returned lease has no member and lies open to all.
CREATE TABLE lease (
    organisation_id integer NOT NULL,
    message_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    lane_id uuid NOT NULL,
    position integer NOT NULL,
    member_id uuid,
    lease_key uuid NOT NULL,         -- minted with the lease; a press names it
    until timestamptz NOT NULL,
    refused_by uuid[] NOT NULL DEFAULT '{}',  -- "not this one": never offered to them again
    PRIMARY KEY (organisation_id, message_id)
) WITH (fillfactor = 60);
CREATE INDEX lease_campaign ON lease (organisation_id, campaign_id, until);
CREATE INDEX lease_member ON lease (organisation_id, member_id) WHERE member_id IS NOT NULL;
