-- Why: what comes in, whose turn it is, and the log that proves it (P3, P6, P7).
-- Locks: creates tables only.
-- Undo: drop the tables in reverse order.
CREATE TABLE inbound_raw (
    organisation_id integer,         -- NULL: no number of ours matched
    id uuid NOT NULL,
    account_id integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('inbound', 'status')),
    content_type text,
    target text NOT NULL,
    body bytea NOT NULL CHECK (octet_length(body) <= 65536),
    note text,                       -- why it is kept, for what could not be applied
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id)
);
CREATE INDEX inbound_raw_unmatched ON inbound_raw (received_at) WHERE note IS NOT NULL;

-- Webhooks already applied; pruned after a week, long after any provider's last retry.
CREATE TABLE seen (
    account_id integer NOT NULL,
    key text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, key)
);

-- Person × our number. It belongs to the organisation; the assignee is looked up when shown.
CREATE TABLE conversation (
    organisation_id integer NOT NULL,
    id uuid NOT NULL,
    contact_id uuid NOT NULL,
    sender_id uuid NOT NULL,
    campaign_id uuid,
    assignee_id uuid,
    needs_reply_since timestamptz,
    flagged text,                    -- likely_stop, abuse, help: shown first
    handed_reason text,
    answers jsonb NOT NULL DEFAULT '{}',
    tags text[] NOT NULL DEFAULT '{}',
    done_at timestamptz,
    last_inbound_at timestamptz,
    last_outbound_at timestamptz,
    snippet text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, contact_id, sender_id)
) WITH (fillfactor = 60);
CREATE INDEX conversation_waiting ON conversation (organisation_id, assignee_id, needs_reply_since, id)
    WHERE needs_reply_since IS NOT NULL;
CREATE INDEX conversation_assignee ON conversation (organisation_id, assignee_id, last_inbound_at);

CREATE TABLE note (
    organisation_id integer NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    author_id uuid,
    kind text NOT NULL DEFAULT 'note',
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organisation_id, id)
);
CREATE INDEX note_conversation ON note (organisation_id, conversation_id, id);

-- Replies that may be a stop and wait for a person; after 24 h they opt out by themselves.
CREATE TABLE review (
    organisation_id integer NOT NULL,
    message_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    meaning text NOT NULL,
    rule text NOT NULL,
    version text NOT NULL,
    due_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    decision text CHECK (decision IN ('opt_out', 'wrong_number', 'none', 'timeout')),
    PRIMARY KEY (organisation_id, message_id),
    CHECK ((decided_at IS NULL) = (decision IS NULL))
);
CREATE INDEX review_due ON review (due_at) WHERE decided_at IS NULL;

-- Hash-linked per organisation. `entry` is hashed as it stands: hash = SHA-256(0x00 || entry), the leaf
-- of RFC 9162; the entry names the hash before it, which makes the chain.
CREATE TABLE ledger (
    organisation_id integer NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind <> ''),
    contact_id uuid,
    entry text NOT NULL,
    prev_hash bytea NOT NULL CHECK (octet_length(prev_hash) = 32),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (organisation_id, seq)
);
CREATE INDEX ledger_contact ON ledger (organisation_id, contact_id, seq) WHERE contact_id IS NOT NULL;
CREATE INDEX ledger_kind ON ledger (organisation_id, kind, at);
CREATE TRIGGER ledger_is_history BEFORE UPDATE OR DELETE ON ledger
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_is_never_emptied BEFORE TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE chain_head (
    organisation_id integer PRIMARY KEY REFERENCES organisation,
    seq bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT sha256('barnstorm ledger, version 1'::bytea)
) WITH (fillfactor = 50);
CREATE FUNCTION begin_chain() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        INSERT INTO chain_head (organisation_id) VALUES (NEW.id);
        RETURN NULL;
    END $$;
CREATE TRIGGER organisation_begins_chain AFTER INSERT ON organisation
    FOR EACH ROW EXECUTE FUNCTION begin_chain();

-- The only way a line gets into the ledger. Locks the chain head, last of all locks (DESIGN 3).
CREATE FUNCTION ledger_append(
    for_organisation integer, line_kind text, about uuid, details jsonb
) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        head chain_head%ROWTYPE;
        moment timestamptz := clock_timestamp();
        line text;
        digest bytea;
    BEGIN
        -- A web role's transaction may write only for its own organisation.
        IF current_organisation() IS NOT NULL AND current_organisation() <> for_organisation THEN
            RAISE EXCEPTION 'ledger of another organisation' USING ERRCODE = 'insufficient_privilege';
        END IF;
        SELECT * INTO STRICT head FROM chain_head WHERE organisation_id = for_organisation FOR UPDATE;
        line := jsonb_build_object(
            'organisation', for_organisation, 'seq', head.seq + 1,
            'at', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'kind', line_kind, 'contact', about, 'details', details,
            'prev', encode(head.hash, 'hex'))::text;
        digest := sha256('\x00'::bytea || convert_to(line, 'UTF8'));
        INSERT INTO ledger (organisation_id, seq, at, kind, contact_id, entry, prev_hash, hash)
            VALUES (for_organisation, head.seq + 1, moment, line_kind, about, line, head.hash, digest);
        UPDATE chain_head SET seq = head.seq + 1, hash = digest WHERE organisation_id = for_organisation;
        RETURN head.seq + 1;
    END $$;

-- Signed tree heads (Ed25519 over size, root, time), also written outside the house.
CREATE TABLE tree_head (
    organisation_id integer NOT NULL REFERENCES organisation,
    size bigint NOT NULL,
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    signed_at timestamptz NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    anchored jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (organisation_id, size, signed_at)
);
CREATE TRIGGER tree_head_is_history BEFORE DELETE ON tree_head
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Staging tables live for one import; the web role owns nothing, so these functions make and drop
-- them. stage_… holds the rows of the file as read, merge_… the distinct people among them in the
-- order in which they are merged, with the ids they will have.
CREATE FUNCTION open_stage(import_id uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        hex text := replace(import_id::text, '-', '');
        person text := 'row_number bigint NOT NULL,
            number text NOT NULL,
            number_hash bytea NOT NULL,
            name text,
            country text,
            zone_set smallint NOT NULL,
            zone_source text NOT NULL,
            language text,
            landline boolean NOT NULL,
            unlikely boolean NOT NULL,
            segments smallint NOT NULL,
            given_at timestamptz,
            wording text,
            fields jsonb NOT NULL';
    BEGIN
        EXECUTE format('DROP TABLE IF EXISTS public.%I, public.%I', 'stage_' || hex, 'merge_' || hex);
        EXECUTE format('CREATE UNLOGGED TABLE public.%I (%s) WITH (autovacuum_enabled = false)',
            'stage_' || hex, person);
        EXECUTE format(
            'CREATE UNLOGGED TABLE public.%I (
                seq bigint PRIMARY KEY,
                position integer,            -- NULL: already a recipient, only consent is recorded
                contact_id uuid NOT NULL,
                is_new boolean NOT NULL,
                message_id uuid NOT NULL, %s) WITH (autovacuum_enabled = false)',
            'merge_' || hex, person);
        EXECUTE format('GRANT ALL ON public.%I, public.%I TO barnstorm_web, barnstorm_worker',
            'stage_' || hex, 'merge_' || hex);
        RETURN 'stage_' || hex;
    END $$;
-- UUIDv7 of one import: all of its instant, ascending with seq, and the same ones again when an
-- interrupted merge is resumed. prefix: 12 hex digits of milliseconds and the version; salt: any hash.
CREATE FUNCTION import_uuid(prefix text, seq bigint, salt bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
        SELECT (prefix || lpad(to_hex(seq >> 22 & 4095), 3, '0') || to_hex(8 | (seq >> 20 & 3))
            || lpad(to_hex(seq & 1048575), 5, '0') || lpad(to_hex(salt & 1099511627775), 10, '0'))::uuid
    $$;
CREATE FUNCTION close_stage(import_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        EXECUTE format('DROP TABLE IF EXISTS public.%I, public.%I',
            'stage_' || replace(import_id::text, '-', ''), 'merge_' || replace(import_id::text, '-', ''));
    END $$;
