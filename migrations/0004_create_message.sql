-- Why: texts and what became of them. Insert-only (DESIGN 3): a text's state is read from its rows.
-- Locks: creates tables only.
-- Undo: drop the tables in reverse order.

-- Range partitions of a history table, a month each by the instant inside the UUIDv7 key. Called
-- by migrations and daily by the worker; makes what is missing up to `months_ahead` from now.
CREATE FUNCTION make_partitions(months_ahead integer DEFAULT 3) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    -- A long reader must not make every send and stop queue behind this; it is called again hourly.
    SET lock_timeout = '500ms'
    AS $$
    DECLARE
        parent text;
        month timestamptz;
        made integer := 0;
        child text;
    BEGIN
        PERFORM pg_advisory_xact_lock(4017);  -- two callers at once; released with this transaction
        FOREACH parent IN ARRAY ARRAY['message', 'attempt', 'outcome', 'receipt'] LOOP
            FOR offset_months IN -1 .. months_ahead LOOP
                month := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
                    + make_interval(months => offset_months);
                child := parent || to_char(month AT TIME ZONE 'UTC', '_YYYY_MM');
                IF to_regclass('public.' || child) IS NULL THEN
                    EXECUTE format(
                        'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                        child, parent, public.uuid_at(month),
                        public.uuid_at((month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'));
                    made := made + 1;
                END IF;
            END LOOP;
        END LOOP;
        RETURN made;
    END $$;

-- kind: 1 first, 2 reply, 3 confirmation of a stop, 4 answer to HELP, 5 sign-in code, 6 inbound,
--       7 test to oneself, 8 notice to our own people.
-- A text drawn for somebody who may no longer be texted has no words and a verdict that says why.
CREATE TABLE message (
    organisation_id integer NOT NULL,
    id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 8),
    contact_id uuid NOT NULL,
    campaign_id uuid,
    conversation_id uuid,
    sender_id uuid,
    body text NOT NULL,
    media text[],
    segments smallint NOT NULL CHECK (segments >= 0),
    zone_set smallint NOT NULL DEFAULT 1,
    script_version integer,
    author_id uuid,
    act uuid,                        -- the press behind it: lease key or form key
    send_before timestamptz,
    replaces uuid,                   -- a person re-created that text, which stayed in doubt
    meaning text,                    -- inbound: what the rules said
    meaning_action text,
    meaning_rule text,
    meaning_version text,
    provider_id text,                -- inbound: the provider's id
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organisation_id, id)
) PARTITION BY RANGE (id);
-- Threads: first texts are found through recipient, so they pay for no entry here.
CREATE INDEX message_contact ON message (organisation_id, contact_id, id) WHERE kind <> 1;
-- What a campaign's status counts beside its recipients' first texts: replies and re-created texts.
CREATE INDEX message_campaign ON message (organisation_id, campaign_id, kind)
    WHERE kind = 6 OR replaces IS NOT NULL;

-- One press, one text, for the kinds that have no lease: a form's key is spent once.
CREATE TABLE act (
    organisation_id integer NOT NULL,
    key uuid NOT NULL,
    member_id uuid,
    message_id uuid NOT NULL,
    pressed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organisation_id, key)
);

-- Waiting texts of one sender, kind, campaign and zone set. To take k is taken = taken + k; the
-- array never changes; the row goes with its last text. Replies and retries are rows of one.
-- priority: 0 replies, codes and HELP; 1 confirmations; 2 first texts and tests.
CREATE TABLE outbox (
    organisation_id integer NOT NULL,
    sender_id uuid NOT NULL,
    priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 2),
    id uuid NOT NULL,
    kind smallint NOT NULL,
    campaign_id uuid,
    zone_set smallint NOT NULL,
    n smallint NOT NULL DEFAULT 1 CHECK (n >= 1),
    message_ids uuid[] NOT NULL CHECK (cardinality(message_ids) BETWEEN 1 AND 500),
    taken smallint NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (organisation_id, sender_id, priority, id),
    CHECK (taken >= 0 AND taken < cardinality(message_ids))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
-- The array stays in its row or moves out once; either way `taken` never rewrites it.
ALTER TABLE outbox ALTER COLUMN message_ids SET STORAGE EXTERNAL;

-- Try n of a text, committed before its first byte leaves.
-- verdict: 1 go, 2 suppressed, 3 expired, 4 cancelled; reason says why for the last three.
CREATE TABLE attempt (
    organisation_id integer NOT NULL,
    message_id uuid NOT NULL,
    n smallint NOT NULL CHECK (n >= 1),
    verdict smallint NOT NULL CHECK (verdict BETWEEN 1 AND 4),
    reason text CHECK (verdict = 1 OR reason IS NOT NULL),
    sender_id uuid,
    worker uuid,
    epoch integer,
    slot_at timestamptz,
    deadline timestamptz,            -- after it an attempt without outcome is in doubt
    PRIMARY KEY (organisation_id, message_id, n),
    CHECK (verdict <> 1 OR coalesce(
        (sender_id IS NOT NULL AND worker IS NOT NULL AND epoch IS NOT NULL
         AND slot_at IS NOT NULL AND deadline IS NOT NULL), false))
) PARTITION BY RANGE (message_id);
CREATE INDEX attempt_deadline ON attempt USING brin (deadline) WITH (pages_per_range = 32, autosummarize = on);

-- The closing row of try n. result: 1 accepted, 2 rejected, 3 unsent (proven), 4 unknown.
CREATE TABLE outcome (
    organisation_id integer NOT NULL,
    message_id uuid NOT NULL,
    n smallint NOT NULL CHECK (n >= 1),
    result smallint NOT NULL CHECK (result BETWEEN 1 AND 4),
    provider_id text,
    code text,
    closed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organisation_id, message_id, n)
) PARTITION BY RANGE (message_id);
CREATE INDEX outcome_unknown ON outcome (organisation_id, message_id, n) WHERE result = 4;

-- How an unknown was settled. result: 1 accepted, 2 rejected.
CREATE TABLE settlement (
    organisation_id integer NOT NULL,
    message_id uuid NOT NULL,
    n smallint NOT NULL CHECK (n >= 1),
    result smallint NOT NULL CHECK (result BETWEEN 1 AND 2),
    how text NOT NULL CHECK (how IN ('callback', 'look-up', 'person', 'late answer')),
    member_id uuid,
    reason text CHECK (how <> 'person' OR coalesce(btrim(reason) <> '', false)),
    provider_id text,
    code text,
    settled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organisation_id, message_id, n)
);

-- Delivery report. status: 1 queued, 2 sending, 3 sent, 4 delivered, 5 undelivered, 6 failed, 7 canceled.
CREATE TABLE receipt (
    organisation_id integer NOT NULL,
    message_id uuid NOT NULL,
    n smallint NOT NULL CHECK (n >= 1),
    status smallint NOT NULL CHECK (status BETWEEN 1 AND 7),
    code text,
    provider_id text,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organisation_id, message_id, n, status)
) PARTITION BY RANGE (message_id);

-- P1: a next try only after the last is proven unprocessed. First tries pay nothing.
CREATE FUNCTION attempt_needs_unsent() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM outcome
            WHERE organisation_id = NEW.organisation_id AND message_id = NEW.message_id
              AND n = NEW.n - 1 AND result = 3
        ) THEN
            RAISE EXCEPTION 'try % of text % refused: try % is not proven unsent',
                NEW.n, NEW.message_id, NEW.n - 1 USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
CREATE TRIGGER attempt_needs_unsent BEFORE INSERT ON attempt
    FOR EACH ROW WHEN (NEW.n > 1) EXECUTE FUNCTION attempt_needs_unsent();

CREATE FUNCTION outcome_needs_go() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM attempt
            WHERE organisation_id = NEW.organisation_id AND message_id = NEW.message_id
              AND n = NEW.n AND verdict = 1
        ) THEN
            RAISE EXCEPTION 'outcome of try % of text % refused: no such try was let go',
                NEW.n, NEW.message_id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
CREATE TRIGGER outcome_needs_go BEFORE INSERT ON outcome
    FOR EACH ROW WHEN (NEW.result = 3 OR NEW.n > 1) EXECUTE FUNCTION outcome_needs_go();

CREATE FUNCTION settlement_needs_unknown() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM outcome
            WHERE organisation_id = NEW.organisation_id AND message_id = NEW.message_id
              AND n = NEW.n AND result = 4
        ) THEN
            RAISE EXCEPTION 'settlement of try % of text % refused: it is not in doubt',
                NEW.n, NEW.message_id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
CREATE TRIGGER settlement_needs_unknown BEFORE INSERT ON settlement
    FOR EACH ROW EXECUTE FUNCTION settlement_needs_unknown();

-- History does not change, whoever asks. Retention and erasure go through definer functions that
-- set this flag for their own transaction and leave a line in the ledger.
CREATE FUNCTION guard_history() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        IF current_setting('app.retention', true) = 'on' AND TG_OP = 'UPDATE' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'rows of % are history: insert a new fact instead', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$;
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['attempt', 'outcome', 'settlement', 'receipt'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()',
            name || '_is_history', name);
    END LOOP;
    EXECUTE 'CREATE TRIGGER message_is_history BEFORE UPDATE OR DELETE ON message FOR EACH ROW EXECUTE FUNCTION guard_history()';
END $$;

-- A text that the schema refused when its batch was split: a person sees this list.
CREATE TABLE refusal (
    organisation_id integer NOT NULL,
    message_id uuid NOT NULL,
    n smallint NOT NULL,
    stage text NOT NULL,
    reason text NOT NULL,
    refused_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz,
    PRIMARY KEY (organisation_id, message_id, n, stage)
);

-- How far the sweeper has looked, so that it never scans history.
CREATE TABLE watermark (
    name text PRIMARY KEY,
    at timestamptz NOT NULL
);
INSERT INTO watermark (name, at) VALUES ('attempt_deadline', '-infinity');

-- Caps that span numbers. A window is a key (scope and the period the slot falls into); it is never
-- reset in place. Units: segments, or millionths of the currency for spend scopes.
CREATE TABLE allowance (
    organisation_id integer NOT NULL,
    scope text NOT NULL,
    window_key text NOT NULL,
    cap bigint NOT NULL CHECK (cap >= 0),
    granted bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, scope, window_key),
    CHECK (granted >= 0 AND granted <= cap)
);
CREATE TABLE allowance_share (
    organisation_id integer NOT NULL,
    scope text NOT NULL,
    window_key text NOT NULL,
    worker uuid NOT NULL,
    granted bigint NOT NULL DEFAULT 0,
    used bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, scope, window_key, worker),
    CHECK (used >= 0 AND used <= granted)
) WITH (fillfactor = 50);

-- What dashboards sum: campaign × minute × kind × writer. Each writer has its own rows.
CREATE TABLE tally (
    organisation_id integer NOT NULL,
    campaign_id uuid NOT NULL,
    minute timestamptz NOT NULL,
    kind smallint NOT NULL,
    writer uuid NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (organisation_id, campaign_id, minute, kind, writer)
) WITH (fillfactor = 60);

SELECT make_partitions(3);
