-- Why: what compliance staff work on: stops and requests that come by mail, phone or post, with
--      their clocks; legal holds; retention; erasure by a person's own key; undoing a stop with a
--      second person; who was signed in when; nodes of the ledger's Merkle tree (P7).
-- Locks: ACCESS EXCLUSIVE on sign_in and tree_head for an instant (triggers).
-- Undo: drop the tables, functions and the triggers sign_in_session, tree_head_keeps.

-- A stop, request or complaint that no reply carried. What identifies people stands sealed in
-- case_fact under the person's own key, so that erasure is the end of that key.
-- clock of due_at: opt_out 10 US business days (47 CFR 64.1200(a)(10)); access, erasure, objection
-- one calendar month (UK GDPR 12(3)); complaint 30 days until it is acknowledged (DPA 2018 s.164A).
CREATE TABLE request (
    organisation_id integer NOT NULL REFERENCES organisation,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('opt_out', 'access', 'erasure', 'objection', 'complaint')),
    channel text NOT NULL CHECK (channel IN ('mail', 'phone', 'post', 'page', 'text', 'other')),
    contact_id uuid,                 -- NULL: nobody we know, or erased without a trace
    subject_id uuid NOT NULL,        -- whose key seals its facts: the contact, else the request
    received_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    closed_at timestamptz,
    outcome text CHECK (outcome <> ''),
    recorded_by uuid,                -- NULL: the person themself, on the public page
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_by uuid,
    PRIMARY KEY (organisation_id, id),
    CHECK ((closed_at IS NULL) = (outcome IS NULL)),
    CHECK (due_at > received_at)
);
CREATE INDEX request_open ON request (organisation_id, due_at) WHERE closed_at IS NULL;
CREATE INDEX request_contact ON request (organisation_id, contact_id) WHERE contact_id IS NOT NULL;

-- One key a person, itself sealed under the installation's. Destroyed by erasure: NULL for good.
CREATE TABLE subject_key (
    organisation_id integer NOT NULL REFERENCES organisation,
    subject_id uuid NOT NULL,
    sealed_key bytea,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    destroyed_at timestamptz,
    PRIMARY KEY (organisation_id, subject_id),
    CHECK ((sealed_key IS NULL) = (destroyed_at IS NOT NULL))
);

-- Words and names beside the log, AES-256-GCM under the person's key. The log holds a salted
-- commitment to them only (SHA-256 over salt and words), so the chain verifies after the key is gone.
CREATE TABLE case_fact (
    organisation_id integer NOT NULL REFERENCES organisation,
    id uuid NOT NULL,
    subject_id uuid NOT NULL,
    request_id uuid,
    sealed bytea NOT NULL,
    commitment bytea NOT NULL CHECK (octet_length(commitment) = 32),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organisation_id, id)
);
CREATE INDEX case_fact_subject ON case_fact (organisation_id, subject_id);
CREATE INDEX case_fact_request ON case_fact (organisation_id, request_id)
    WHERE request_id IS NOT NULL;
CREATE TRIGGER case_fact_is_history BEFORE UPDATE OR DELETE ON case_fact
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Legal hold: beats retention and erasure, but never an objection.
CREATE TABLE hold (
    organisation_id integer NOT NULL REFERENCES organisation,
    id uuid NOT NULL,
    scope text NOT NULL CHECK (scope IN ('organisation', 'campaign', 'person')),
    campaign_id uuid,
    contact_id uuid,
    reference text NOT NULL DEFAULT '',   -- of the case at court or authority
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    placed_by uuid,
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz,               -- NULL: until it is released
    released_at timestamptz,
    released_by uuid,
    release_reason text,
    PRIMARY KEY (organisation_id, id),
    CHECK ((campaign_id IS NOT NULL) = (scope = 'campaign')),
    CHECK ((contact_id IS NOT NULL) = (scope = 'person')),
    CHECK ((released_at IS NULL) = (release_reason IS NULL))
);
CREATE INDEX hold_open ON hold (organisation_id, scope) WHERE released_at IS NULL;

-- How long things are kept after a person's last contact; no row: for ever. `uploads` are the
-- columns of lists, `words` the texts, `requests` what closed cases say, `raw` webhooks as received.
CREATE TABLE retention (
    organisation_id integer NOT NULL REFERENCES organisation,
    kind text NOT NULL CHECK (kind IN ('words', 'uploads', 'contacts', 'requests', 'raw')),
    days integer NOT NULL CHECK (days BETWEEN 1 AND 36500),
    set_by uuid,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organisation_id, kind)
);

-- Undoing a stop: one asks with a reason, another decides (DESIGN 4).
CREATE TABLE undo (
    organisation_id integer NOT NULL REFERENCES organisation,
    id uuid NOT NULL,
    contact_id uuid NOT NULL,
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    asked_by uuid NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_by uuid CHECK (decided_by <> asked_by),
    decided_at timestamptz,
    approved boolean,
    PRIMARY KEY (organisation_id, id),
    CHECK ((decided_at IS NULL) = (approved IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
);
CREATE UNIQUE INDEX undo_open ON undo (organisation_id, contact_id) WHERE decided_at IS NULL;

-- Who was signed in when: sign_in forgets, the question "had this texter a session?" does not.
CREATE TABLE session (
    organisation_id integer NOT NULL,
    token_hash bytea NOT NULL,
    member_id uuid NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,   -- when it was ended, else when it would have expired
    PRIMARY KEY (organisation_id, token_hash)
);
CREATE INDEX session_member ON session (organisation_id, member_id, began_at);
CREATE FUNCTION keep_session() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            UPDATE session SET ended_at = least(ended_at, clock_timestamp())
            WHERE organisation_id = OLD.organisation_id AND token_hash = OLD.token_hash;
            RETURN NULL;
        END IF;
        INSERT INTO session (organisation_id, token_hash, member_id, began_at, ended_at)
        VALUES (NEW.organisation_id, NEW.token_hash, NEW.member_id, NEW.created_at, NEW.expires_at)
        ON CONFLICT (organisation_id, token_hash) DO UPDATE SET ended_at = EXCLUDED.ended_at;
        RETURN NULL;
    END $$;
CREATE TRIGGER sign_in_session AFTER INSERT OR DELETE OR UPDATE OF expires_at ON sign_in
    FOR EACH ROW EXECUTE FUNCTION keep_session();
INSERT INTO session (organisation_id, token_hash, member_id, began_at, ended_at)
    SELECT organisation_id, token_hash, member_id, created_at, expires_at FROM sign_in;

-- Roots of complete subtrees over the ledger, from 2^10 lines up: what makes a proof quick. They
-- prove nothing by themselves; a false one gives a proof that fails.
CREATE TABLE ledger_node (
    organisation_id integer NOT NULL REFERENCES organisation,
    level smallint NOT NULL CHECK (level >= 10),
    position bigint NOT NULL CHECK (position >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (organisation_id, level, position)
);
CREATE TRIGGER ledger_node_is_history BEFORE UPDATE OR DELETE ON ledger_node
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A signed head says what it said; only where it was anchored may be added.
CREATE FUNCTION keep_head() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        IF (NEW.organisation_id, NEW.size, NEW.root, NEW.signed_at, NEW.key_id, NEW.signature)
            IS DISTINCT FROM
           (OLD.organisation_id, OLD.size, OLD.root, OLD.signed_at, OLD.key_id, OLD.signature)
        THEN
            RAISE EXCEPTION 'a signed head is history: sign a new one instead'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
CREATE TRIGGER tree_head_keeps BEFORE UPDATE ON tree_head
    FOR EACH ROW EXECUTE FUNCTION keep_head();

-- Whether a legal hold covers a person: their own, one of a campaign they are in, or everybody's.
CREATE FUNCTION is_held(for_organisation integer, person uuid) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
        SELECT EXISTS (
            SELECT FROM hold h
            WHERE h.organisation_id = for_organisation AND h.released_at IS NULL
              AND coalesce(h.until, 'infinity') > now()
              AND (h.scope = 'organisation' OR h.contact_id = person
                   OR h.campaign_id IN (
                       SELECT r.campaign_id FROM recipient r
                       WHERE r.organisation_id = for_organisation AND r.contact_id = person)))
    $$;

-- Erases a person: number, name, words, list columns and notes go, their key is destroyed; the keyed
-- hash of the number and the stop stay. Writes its own ledger line, which says what was kept. The
-- caller has recorded the stop before (OptOuts.mark) and holds the person's row.
CREATE FUNCTION erase_person(for_organisation integer, person uuid, by_member uuid, why text)
    RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        texts integer;
        lists integer;
        notes integer;
        talks integer;
        facts integer;
        counts jsonb;
    BEGIN
        IF current_organisation() IS NOT NULL AND current_organisation() <> for_organisation THEN
            RAISE EXCEPTION 'person of another organisation' USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF is_held(for_organisation, person) THEN
            RAISE EXCEPTION 'a legal hold covers this person: nothing is erased'
                USING ERRCODE = 'restrict_violation';
        END IF;
        PERFORM FROM contact WHERE organisation_id = for_organisation AND id = person
            AND opted_out_at IS NOT NULL FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a person is stopped before they are erased'
                USING ERRCODE = 'restrict_violation';
        END IF;
        PERFORM set_config('app.retention', 'on', true);
        UPDATE message SET body = '', media = NULL
        WHERE organisation_id = for_organisation AND (body <> '' OR media IS NOT NULL) AND id IN (
            SELECT r.message_id FROM recipient r
            WHERE r.organisation_id = for_organisation AND r.contact_id = person
            UNION ALL
            SELECT m.id FROM message m
            WHERE m.organisation_id = for_organisation AND m.contact_id = person AND m.kind <> 1);
        GET DIAGNOSTICS texts = ROW_COUNT;
        PERFORM set_config('app.retention', '', true);
        UPDATE recipient SET fields = '{}'
        WHERE organisation_id = for_organisation AND contact_id = person;
        GET DIAGNOSTICS lists = ROW_COUNT;
        UPDATE note SET body = '' WHERE organisation_id = for_organisation AND body <> ''
            AND conversation_id IN (SELECT c.id FROM conversation c
                WHERE c.organisation_id = for_organisation AND c.contact_id = person);
        GET DIAGNOSTICS notes = ROW_COUNT;
        UPDATE conversation SET snippet = '', answers = '{}', tags = '{}', handed_reason = NULL
        WHERE organisation_id = for_organisation AND contact_id = person;
        GET DIAGNOSTICS talks = ROW_COUNT;
        SELECT count(*) INTO facts FROM case_fact
        WHERE organisation_id = for_organisation AND subject_id = person;
        UPDATE subject_key SET sealed_key = NULL, destroyed_at = clock_timestamp()
        WHERE organisation_id = for_organisation AND subject_id = person AND destroyed_at IS NULL;
        -- One blanked row a hash: who was erased before and wrote again keeps the older row's.
        UPDATE contact c SET number = NULL, name = NULL, language = NULL, erased_at = clock_timestamp(),
            number_hash = CASE WHEN EXISTS (SELECT FROM contact e
                WHERE e.organisation_id = c.organisation_id AND e.number_hash = c.number_hash
                  AND e.number IS NULL AND e.id <> c.id)
                THEN sha256(convert_to(c.id::text, 'UTF8')) ELSE c.number_hash END
        WHERE c.organisation_id = for_organisation AND c.id = person;
        counts := jsonb_build_object('texts', texts, 'list_rows', lists, 'notes', notes,
            'conversations', talks, 'sealed_facts', facts);
        PERFORM ledger_append(for_organisation, 'erasure', person, jsonb_build_object(
            'member', by_member, 'reason', why, 'erased', counts,
            'kept', jsonb_build_array('keyed hash of the number', 'stop', 'times and results of texts',
                'consent source and wording')));
        RETURN counts;
    END $$;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['request', 'hold', 'retention', 'undo'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO barnstorm_web, barnstorm_worker, barnstorm_ingress', name);
    END LOOP;
    EXECUTE 'GRANT DELETE ON retention TO barnstorm_web, barnstorm_worker';
    FOREACH name IN ARRAY ARRAY['subject_key', 'case_fact', 'ledger_node'] LOOP
        EXECUTE format('GRANT SELECT, INSERT ON %I TO barnstorm_web, barnstorm_worker, barnstorm_ingress', name);
    END LOOP;
    EXECUTE 'GRANT SELECT ON session TO barnstorm_web, barnstorm_worker, barnstorm_ingress';
    FOREACH name IN ARRAY ARRAY['request', 'hold', 'retention', 'undo', 'case_fact', 'ledger_node',
        'session', 'subject_key'] LOOP
        IF name <> 'subject_key' THEN
            EXECUTE format('GRANT SELECT ON %I TO barnstorm_report', name);
        END IF;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY whole_house ON %I TO barnstorm_worker, barnstorm_ingress, barnstorm_report USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY own_house ON %I TO barnstorm_web USING (organisation_id = current_organisation()) WITH CHECK (organisation_id = current_organisation())', name);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION erase_person(integer, uuid, uuid, text), keep_session() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_person(integer, uuid, uuid, text) TO barnstorm_web, barnstorm_worker;
