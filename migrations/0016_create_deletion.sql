-- Why: retention that deletes, with a certificate of what went; erasure that knows every table; roles
--      that reach no more of the log than they use; decisions that cannot be rewritten.
-- Locks: ACCESS EXCLUSIVE on recorded_answer, case_fact, inbound_raw, undo, request, hold, tree_head
--        and ledger_node for an instant; SHARE on inbound_raw and recorded_answer while indexes are built.
-- Undo: drop table deletion, the new functions and triggers; put erase_person of 0008 back.

-- 1. Whose webhook it is, so that erasing somebody finds it. NULL: no number of ours, or older.
ALTER TABLE inbound_raw ADD COLUMN contact_id uuid;
CREATE INDEX inbound_raw_contact ON inbound_raw (organisation_id, contact_id)
    WHERE contact_id IS NOT NULL;
CREATE INDEX inbound_raw_nobody ON inbound_raw (id) WHERE contact_id IS NULL;

CREATE INDEX recorded_answer_contact ON recorded_answer (organisation_id, contact_id);

-- 2. Facts that erasure and retention may blank, and nothing else may touch.
DROP TRIGGER recorded_answer_is_history ON recorded_answer;
CREATE TRIGGER recorded_answer_is_history BEFORE UPDATE OR DELETE ON recorded_answer
    FOR EACH ROW EXECUTE FUNCTION guard_history();
DROP TRIGGER case_fact_is_history ON case_fact;
CREATE TRIGGER case_fact_is_history BEFORE UPDATE OR DELETE ON case_fact
    FOR EACH ROW EXECUTE FUNCTION guard_history();

-- The instant inside a UUIDv7.
CREATE FUNCTION instant_of(id uuid) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
        SELECT to_timestamp(
            ('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)
    $$;

-- 3. A round of retention: what one limit took away, batch by batch. Its last step is a line of the
--    ledger, the certificate. Written by the functions below alone.
CREATE TABLE deletion (
    organisation_id integer NOT NULL REFERENCES organisation,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('words', 'uploads', 'contacts', 'requests', 'raw')),
    days integer NOT NULL,           -- the limit that held, and the instant it came to
    due_before timestamptz NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reached uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    removed jsonb NOT NULL DEFAULT '{}',   -- rows by what they were
    held bigint NOT NULL DEFAULT 0,        -- rows that a legal hold kept
    -- SHA-256 over the digest before and the ids of each batch: what went, for whoever has the ids.
    digest bytea NOT NULL DEFAULT sha256(''::bytea),
    finished_at timestamptz,
    line bigint,                     -- of the ledger
    PRIMARY KEY (organisation_id, id),
    CHECK ((finished_at IS NULL) = (line IS NULL))
);
CREATE UNIQUE INDEX deletion_open ON deletion (organisation_id, kind) WHERE finished_at IS NULL;
INSERT INTO watermark (name, at) VALUES ('retention', '-infinity');

-- Whether any hold stands: keeps what cannot be told apart by person.
CREATE FUNCTION is_anything_held(for_organisation integer) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
        SELECT EXISTS (
            SELECT FROM hold h WHERE h.organisation_id = for_organisation
              AND h.released_at IS NULL AND coalesce(h.until, 'infinity') > now())
    $$;

-- What a limit that ends at `before` would take: preview and deletion ask the same. A branch of
-- another kind costs nothing; each goes along its key from `after`, so that a batch reads a batch.
-- What belongs to an open campaign or case stays.
CREATE FUNCTION retention_due(
    for_organisation integer, which text, before timestamptz,
    after uuid DEFAULT '00000000-0000-0000-0000-000000000000', bound integer DEFAULT NULL
) RETURNS TABLE (source text, id uuid, at timestamptz, held boolean)
    LANGUAGE sql STABLE
    AS $$
        (SELECT 'texts'::text, m.id, m.created_at, is_held(for_organisation, m.contact_id)
        FROM message m
        WHERE which = 'words' AND m.organisation_id = for_organisation AND m.id > after
          AND m.id < uuid_at(before) AND (m.body <> '' OR m.media IS NOT NULL)
        ORDER BY m.id LIMIT bound)
        UNION ALL
        (SELECT 'notes', n.id, n.created_at, is_held(for_organisation, c.contact_id)
        FROM note n JOIN conversation c ON c.organisation_id = n.organisation_id
            AND c.id = n.conversation_id
        WHERE which = 'words' AND n.organisation_id = for_organisation AND n.id > after
          AND n.created_at < before AND n.body <> ''
        ORDER BY n.id LIMIT bound)
        UNION ALL
        (SELECT 'answers', a.id, a.at, is_held(for_organisation, a.contact_id)
        FROM recorded_answer a
        WHERE which = 'words' AND a.organisation_id = for_organisation AND a.id > after
          AND a.at < before AND a.value <> ''
        ORDER BY a.id LIMIT bound)
        UNION ALL
        (SELECT 'conversations', c.id,
            greatest(c.last_inbound_at, c.last_outbound_at, c.created_at),
            is_held(for_organisation, c.contact_id)
        FROM conversation c
        WHERE which = 'words' AND c.organisation_id = for_organisation AND c.id > after
          AND greatest(c.last_inbound_at, c.last_outbound_at, c.created_at) < before
          AND (c.snippet <> '' OR c.answers <> '{}' OR c.tags <> '{}'
               OR c.handed_reason IS NOT NULL)
        ORDER BY c.id LIMIT bound)
        UNION ALL
        (SELECT 'list_rows', r.contact_id, instant_of(r.message_id),
            is_held(for_organisation, r.contact_id)
        FROM recipient r JOIN campaign k ON k.organisation_id = r.organisation_id
            AND k.id = r.campaign_id AND k.state IN ('finished', 'ended')
        WHERE which = 'uploads' AND r.organisation_id = for_organisation AND r.contact_id > after
          AND r.fields <> '{}' AND r.message_id < uuid_at(before)
        ORDER BY r.contact_id LIMIT bound)
        UNION ALL
        (SELECT 'rejected_rows', i.id, i.created_at, EXISTS (
            SELECT FROM hold h WHERE h.organisation_id = for_organisation
              AND h.released_at IS NULL AND coalesce(h.until, 'infinity') > now()
              AND (h.scope = 'organisation' OR h.campaign_id = i.campaign_id))
        FROM import i
        WHERE which = 'uploads' AND i.organisation_id = for_organisation AND i.id > after
          AND i.created_at < before AND EXISTS (SELECT FROM import_reject j
              WHERE j.organisation_id = i.organisation_id AND j.import_id = i.id)
        ORDER BY i.id LIMIT bound)
        UNION ALL
        (SELECT 'people', c.id, greatest(c.created_at, t.last_at, v.last_at),
            is_held(for_organisation, c.id)
        FROM contact c
        LEFT JOIN LATERAL (SELECT max(u) AS last_at FROM unnest(c.texted_at) u) t ON true
        LEFT JOIN LATERAL (
            SELECT max(greatest(w.last_inbound_at, w.last_outbound_at, w.created_at)) AS last_at
            FROM conversation w
            WHERE w.organisation_id = c.organisation_id AND w.contact_id = c.id) v ON true
        WHERE which = 'contacts' AND c.organisation_id = for_organisation AND c.id > after
          AND c.erased_at IS NULL AND greatest(c.created_at, t.last_at, v.last_at) < before
          AND NOT EXISTS (SELECT FROM consent s WHERE s.organisation_id = c.organisation_id
              AND s.contact_id = c.id AND s.recorded_at >= before)
          AND NOT EXISTS (SELECT FROM request q WHERE q.organisation_id = c.organisation_id
              AND q.contact_id = c.id AND q.closed_at IS NULL)
          AND NOT EXISTS (SELECT FROM recipient r JOIN campaign k
              ON k.organisation_id = r.organisation_id AND k.id = r.campaign_id
              WHERE r.organisation_id = c.organisation_id AND r.contact_id = c.id
                AND k.state NOT IN ('finished', 'ended'))
        ORDER BY c.id LIMIT bound)
        UNION ALL
        (SELECT 'requests', q.id, q.closed_at,
            CASE WHEN q.contact_id IS NULL THEN is_anything_held(for_organisation)
                ELSE is_held(for_organisation, q.contact_id) END
        FROM request q
        WHERE which = 'requests' AND q.organisation_id = for_organisation AND q.id > after
          AND q.closed_at < before
          AND EXISTS (SELECT FROM case_fact f WHERE f.organisation_id = q.organisation_id
              AND f.request_id = q.id AND f.sealed <> '')
        ORDER BY q.id LIMIT bound)
        UNION ALL
        (SELECT 'webhooks', w.id, w.received_at,
            CASE WHEN w.contact_id IS NULL THEN is_anything_held(for_organisation)
                ELSE is_held(for_organisation, w.contact_id) END
        FROM inbound_raw w
        WHERE which = 'raw' AND w.organisation_id = for_organisation AND w.id > after
          AND w.received_at < before
        ORDER BY w.id LIMIT bound)
    $$;

-- Takes from people all that names them or is their own: words, list columns, answers, notes,
-- webhooks as received, sealed facts with their keys, number and name. The keyed hash of the number
-- stays with those who stopped or are not whom we meant; of others it goes too, so that somebody who
-- joins again later is a new person. Holds the people's rows, then their conversations'.
CREATE FUNCTION blank_people(for_organisation integer, people uuid[]) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        digits bytea[];
        texts integer; lists integer; notes integer; talks integer; facts integer;
        answers integer; webhooks integer; persons integer;
    BEGIN
        PERFORM FROM contact c WHERE c.organisation_id = for_organisation AND c.id = ANY(people)
            ORDER BY c.id FOR NO KEY UPDATE;
        PERFORM FROM conversation c
            WHERE c.organisation_id = for_organisation AND c.contact_id = ANY(people)
            ORDER BY c.id FOR NO KEY UPDATE;
        PERFORM set_config('app.retention', 'on', true);
        UPDATE message m SET body = '', media = NULL
        WHERE m.organisation_id = for_organisation AND (m.body <> '' OR m.media IS NOT NULL)
          AND m.id IN (
            SELECT r.message_id FROM recipient r
            WHERE r.organisation_id = for_organisation AND r.contact_id = ANY(people)
            UNION ALL
            SELECT k.id FROM message k WHERE k.organisation_id = for_organisation
              AND k.contact_id = ANY(people) AND k.kind <> 1
            UNION ALL  -- texts that were made again after a doubt: no row of a list names them
            SELECT k.id FROM message k WHERE k.organisation_id = for_organisation
              AND k.contact_id = ANY(people) AND k.kind = 1 AND k.replaces IS NOT NULL);
        GET DIAGNOSTICS texts = ROW_COUNT;
        UPDATE recorded_answer a SET value = ''
        WHERE a.organisation_id = for_organisation AND a.contact_id = ANY(people)
          AND a.value <> '';
        GET DIAGNOSTICS answers = ROW_COUNT;
        UPDATE case_fact f SET sealed = ''
        WHERE f.organisation_id = for_organisation AND f.sealed <> '' AND (
            f.subject_id = ANY(people) OR f.request_id IN (
                SELECT q.id FROM request q
                WHERE q.organisation_id = for_organisation AND q.contact_id = ANY(people)));
        GET DIAGNOSTICS facts = ROW_COUNT;
        PERFORM set_config('app.retention', '', true);
        UPDATE subject_key k SET sealed_key = NULL, destroyed_at = clock_timestamp()
        WHERE k.organisation_id = for_organisation AND k.destroyed_at IS NULL AND (
            k.subject_id = ANY(people) OR k.subject_id IN (
                SELECT q.id FROM request q
                WHERE q.organisation_id = for_organisation AND q.contact_id = ANY(people)));
        UPDATE recipient r SET fields = '{}'
        WHERE r.organisation_id = for_organisation AND r.contact_id = ANY(people)
          AND r.fields <> '{}';
        GET DIAGNOSTICS lists = ROW_COUNT;
        UPDATE note n SET body = '' WHERE n.organisation_id = for_organisation AND n.body <> ''
            AND n.conversation_id IN (SELECT c.id FROM conversation c
                WHERE c.organisation_id = for_organisation AND c.contact_id = ANY(people));
        GET DIAGNOSTICS notes = ROW_COUNT;
        UPDATE conversation c SET snippet = '', answers = '{}', tags = '{}', handed_reason = NULL
        WHERE c.organisation_id = for_organisation AND c.contact_id = ANY(people);
        GET DIAGNOSTICS talks = ROW_COUNT;
        -- Webhooks are kept as they came: theirs, and of nobody's those in which their number stands.
        SELECT coalesce(array_agg(convert_to(substr(c.number, 2), 'UTF8')), '{}') INTO digits
        FROM contact c WHERE c.organisation_id = for_organisation AND c.id = ANY(people)
            AND c.number IS NOT NULL;
        DELETE FROM inbound_raw w
        WHERE (w.organisation_id = for_organisation AND w.contact_id = ANY(people))
           OR (w.contact_id IS NULL AND coalesce(w.organisation_id, for_organisation) = for_organisation
               AND EXISTS (SELECT FROM unnest(digits) d
                   WHERE position(d IN w.body) > 0
                      OR position(d IN convert_to(w.target, 'UTF8')) > 0));
        GET DIAGNOSTICS webhooks = ROW_COUNT;
        -- One blanked row a hash: who was erased before and wrote again keeps the older row's.
        UPDATE contact c SET number = NULL, name = NULL, language = NULL,
            erased_at = clock_timestamp(),
            number_hash = CASE
                WHEN (c.opted_out_at IS NULL AND c.wrong_number_at IS NULL) OR EXISTS (
                    SELECT FROM contact e WHERE e.organisation_id = c.organisation_id
                      AND e.number_hash = c.number_hash AND e.number IS NULL AND e.id <> c.id)
                THEN sha256(convert_to(c.id::text, 'UTF8')) ELSE c.number_hash END
        WHERE c.organisation_id = for_organisation AND c.id = ANY(people) AND c.erased_at IS NULL;
        GET DIAGNOSTICS persons = ROW_COUNT;
        RETURN jsonb_build_object('people', persons, 'texts', texts, 'list_rows', lists,
            'notes', notes, 'conversations', talks, 'answers', answers, 'sealed_facts', facts,
            'webhooks', webhooks);
    END $$;

-- As in 0008, now over every table that holds something of a person.
CREATE OR REPLACE FUNCTION erase_person(
    for_organisation integer, person uuid, by_member uuid, why text
) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
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
        counts := blank_people(for_organisation, ARRAY[person]) - 'people';
        PERFORM ledger_append(for_organisation, 'erasure', person, jsonb_build_object(
            'member', by_member, 'reason', why, 'erased', counts,
            'kept', jsonb_build_array('keyed hash of the number', 'stop', 'times and results of texts',
                'consent source and wording')));
        RETURN counts;
    END $$;

-- Begins a round, or finds the one that was interrupted; NULL if nothing is due. The limit is the
-- organisation's own: nobody can take more than it allows.
CREATE FUNCTION begin_deletion(for_organisation integer, which text, new_id uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        found uuid;
        limit_days integer;
        bound timestamptz;
    BEGIN
        IF current_organisation() IS NOT NULL AND current_organisation() <> for_organisation THEN
            RAISE EXCEPTION 'retention of another organisation' USING ERRCODE = 'insufficient_privilege';
        END IF;
        SELECT id INTO found FROM deletion
        WHERE organisation_id = for_organisation AND kind = which AND finished_at IS NULL;
        IF found IS NOT NULL THEN RETURN found; END IF;
        SELECT days INTO limit_days FROM retention
        WHERE organisation_id = for_organisation AND kind = which;
        IF limit_days IS NULL THEN RETURN NULL; END IF;
        bound := now() - limit_days * interval '1 day';
        IF NOT EXISTS (SELECT FROM retention_due(for_organisation, which, bound) d WHERE NOT d.held)
        THEN RETURN NULL; END IF;
        INSERT INTO deletion (organisation_id, id, kind, days, due_before)
        VALUES (for_organisation, new_id, which, limit_days, bound) ON CONFLICT DO NOTHING;
        SELECT id INTO found FROM deletion
        WHERE organisation_id = for_organisation AND kind = which AND finished_at IS NULL;
        RETURN found;
    END $$;

-- The next batch of a round, in one transaction with its count; true once the round is over and its
-- certificate stands in the ledger. A limit that was lifted or lengthened meanwhile ends it early.
CREATE FUNCTION delete_batch(for_organisation integer, round uuid, bound integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        d deletion%ROWTYPE;
        ids uuid[];
        going uuid[];
        kept bigint;
        counts jsonb := '{}';
        amount integer;
        seq bigint;
    BEGIN
        IF current_organisation() IS NOT NULL AND current_organisation() <> for_organisation THEN
            RAISE EXCEPTION 'retention of another organisation' USING ERRCODE = 'insufficient_privilege';
        END IF;
        SELECT * INTO STRICT d FROM deletion
        WHERE organisation_id = for_organisation AND id = round FOR UPDATE;
        IF d.finished_at IS NOT NULL THEN RETURN true; END IF;
        IF EXISTS (SELECT FROM retention WHERE organisation_id = for_organisation
            AND kind = d.kind AND days <= d.days)
        THEN
            SELECT array_agg(t.id ORDER BY t.id),
                array_agg(t.id ORDER BY t.id) FILTER (WHERE NOT t.held AND NOT t.waits),
                count(*) FILTER (WHERE t.held)
            INTO ids, going, kept FROM (
                SELECT u.id, bool_or(u.held) AS held, EXISTS (  -- still to be sent
                    SELECT FROM outbox o WHERE o.organisation_id = for_organisation
                      AND u.id = ANY(o.message_ids)) AS waits
                FROM retention_due(for_organisation, d.kind, d.due_before, d.reached, bound) u
                GROUP BY u.id ORDER BY u.id LIMIT bound) t;
        END IF;
        IF ids IS NULL THEN
            seq := ledger_append(for_organisation, 'retention', NULL, jsonb_build_object(
                'deletion', d.id, 'kind', d.kind, 'days', d.days,
                'before', to_char(d.due_before AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'started_at', to_char(d.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'removed', d.removed, 'held', d.held, 'digest', encode(d.digest, 'hex')));
            UPDATE deletion SET finished_at = clock_timestamp(), line = seq
            WHERE organisation_id = for_organisation AND id = round;
            RETURN true;
        END IF;
        going := coalesce(going, '{}');
        IF d.kind = 'contacts' THEN
            counts := blank_people(for_organisation, going);
        ELSIF d.kind = 'words' THEN
            PERFORM FROM conversation c WHERE c.organisation_id = for_organisation
                AND c.id = ANY(going) ORDER BY c.id FOR NO KEY UPDATE;
            PERFORM set_config('app.retention', 'on', true);
            UPDATE message m SET body = '', media = NULL
            WHERE m.organisation_id = for_organisation AND m.id = ANY(going);
            GET DIAGNOSTICS amount = ROW_COUNT;
            counts := jsonb_build_object('texts', amount);
            UPDATE recorded_answer a SET value = ''
            WHERE a.organisation_id = for_organisation AND a.id = ANY(going);
            GET DIAGNOSTICS amount = ROW_COUNT;
            counts := counts || jsonb_build_object('answers', amount);
            PERFORM set_config('app.retention', '', true);
            UPDATE note n SET body = ''
            WHERE n.organisation_id = for_organisation AND n.id = ANY(going);
            GET DIAGNOSTICS amount = ROW_COUNT;
            counts := counts || jsonb_build_object('notes', amount);
            UPDATE conversation c SET snippet = '', answers = '{}', tags = '{}', handed_reason = NULL
            WHERE c.organisation_id = for_organisation AND c.id = ANY(going);
            GET DIAGNOSTICS amount = ROW_COUNT;
            counts := counts || jsonb_build_object('conversations', amount);
        ELSIF d.kind = 'uploads' THEN
            UPDATE recipient r SET fields = '{}' FROM campaign k
            WHERE r.organisation_id = for_organisation AND r.contact_id = ANY(going)
              AND r.fields <> '{}' AND r.message_id < uuid_at(d.due_before)
              AND k.organisation_id = r.organisation_id AND k.id = r.campaign_id
              AND k.state IN ('finished', 'ended');
            GET DIAGNOSTICS amount = ROW_COUNT;
            counts := jsonb_build_object('list_rows', amount);
            DELETE FROM import_reject j
            WHERE j.organisation_id = for_organisation AND j.import_id = ANY(going);
            GET DIAGNOSTICS amount = ROW_COUNT;
            counts := counts || jsonb_build_object('rejected_rows', amount);
        ELSIF d.kind = 'requests' THEN
            PERFORM set_config('app.retention', 'on', true);
            UPDATE case_fact f SET sealed = ''
            WHERE f.organisation_id = for_organisation AND f.request_id = ANY(going);
            GET DIAGNOSTICS amount = ROW_COUNT;
            PERFORM set_config('app.retention', '', true);
            counts := jsonb_build_object('sealed_facts', amount);
            -- A key that opens nothing any more; the next request of that person gets a new one.
            DELETE FROM subject_key k
            WHERE k.organisation_id = for_organisation AND k.destroyed_at IS NULL
              AND k.subject_id IN (SELECT q.subject_id FROM request q
                  WHERE q.organisation_id = for_organisation AND q.id = ANY(going))
              AND NOT EXISTS (SELECT FROM case_fact f WHERE f.organisation_id = k.organisation_id
                  AND f.subject_id = k.subject_id AND f.sealed <> '');
        ELSIF d.kind = 'raw' THEN
            DELETE FROM inbound_raw w
            WHERE w.organisation_id = for_organisation AND w.id = ANY(going);
            GET DIAGNOSTICS amount = ROW_COUNT;
            counts := jsonb_build_object('webhooks', amount);
        END IF;
        UPDATE deletion SET reached = ids[cardinality(ids)], held = d.held + kept,
            digest = sha256(d.digest || coalesce(
                (SELECT string_agg(uuid_send(u), ''::bytea ORDER BY u) FROM unnest(going) u), '')),
            removed = (SELECT jsonb_object_agg(key, total) FROM (
                SELECT key, sum(value::bigint) AS total
                FROM (SELECT * FROM jsonb_each_text(d.removed)
                    UNION ALL SELECT * FROM jsonb_each_text(counts)) e GROUP BY key) s)
        WHERE organisation_id = for_organisation AND id = round;
        RETURN false;
    END $$;

-- 4. What the application's roles may do to the log: read it, add by ledger_append, sign heads and
--    say where they went, keep nodes that are right. Nothing else, and ingress only reads.
REVOKE INSERT, UPDATE, DELETE ON tree_head FROM barnstorm_web, barnstorm_worker, barnstorm_ingress;
GRANT INSERT, UPDATE (anchored) ON tree_head TO barnstorm_web, barnstorm_worker;
REVOKE INSERT ON ledger_node FROM barnstorm_ingress;
CREATE TRIGGER tree_head_is_never_emptied BEFORE TRUNCATE ON tree_head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_node_is_never_emptied BEFORE TRUNCATE ON ledger_node
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A node is what the lines or nodes below it give (RFC 9162, 2.1.1), else it is refused: whoever has
-- SQL in hand cannot make proofs fail.
CREATE FUNCTION check_ledger_node() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        hashes bytea[];
    BEGIN
        IF NEW.level = 10 THEN
            SELECT array_agg(hash ORDER BY seq) INTO hashes FROM ledger
            WHERE organisation_id = NEW.organisation_id
              AND seq > NEW.position * 1024 AND seq <= (NEW.position + 1) * 1024;
            IF cardinality(hashes) IS DISTINCT FROM 1024 THEN hashes := NULL; END IF;
        ELSE
            SELECT array_agg(hash ORDER BY position) INTO hashes FROM ledger_node
            WHERE organisation_id = NEW.organisation_id AND level = NEW.level - 1
              AND position IN (NEW.position * 2, NEW.position * 2 + 1);
            IF cardinality(hashes) IS DISTINCT FROM 2 THEN hashes := NULL; END IF;
        END IF;
        WHILE cardinality(hashes) > 1 LOOP
            SELECT array_agg(sha256('\x01'::bytea || l || r) ORDER BY n) INTO hashes FROM (
                SELECT (place - 1) / 2 AS n, min(h) FILTER (WHERE place % 2 = 1) AS l,
                    min(h) FILTER (WHERE place % 2 = 0) AS r
                FROM (SELECT encode(x, 'hex') AS h, place
                    FROM unnest(hashes) WITH ORDINALITY AS u(x, place)) e
                GROUP BY 1) pairs(n, lh, rh), LATERAL (
                SELECT decode(lh, 'hex') AS l, decode(rh, 'hex') AS r) bytes;
        END LOOP;
        IF hashes IS NULL OR hashes[1] <> NEW.hash THEN
            RAISE EXCEPTION 'node % of level % is not what the lines below it give',
                NEW.position, NEW.level USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
CREATE TRIGGER ledger_node_is_right BEFORE INSERT ON ledger_node
    FOR EACH ROW EXECUTE FUNCTION check_ledger_node();

-- 5. Requests, holds and undos change step by step: the columns named may be filled once, and a row
--    that is closed, released or decided is history.
CREATE FUNCTION guard_case() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    DECLARE
        before jsonb := to_jsonb(OLD);
        after jsonb := to_jsonb(NEW);
        column_name text;
    BEGIN
        IF TG_OP = 'DELETE' OR before - TG_ARGV <> after - TG_ARGV THEN
            RAISE EXCEPTION 'rows of % are history but for their next step', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END IF;
        FOREACH column_name IN ARRAY TG_ARGV LOOP
            IF before -> column_name <> 'null' AND before -> column_name <> after -> column_name THEN
                RAISE EXCEPTION '% of % was written once and stays', column_name, TG_TABLE_NAME
                    USING ERRCODE = 'restrict_violation';
            END IF;
        END LOOP;
        RETURN NEW;
    END $$;
CREATE TRIGGER undo_keeps BEFORE UPDATE OR DELETE ON undo FOR EACH ROW
    EXECUTE FUNCTION guard_case('decided_by', 'decided_at', 'approved');
CREATE TRIGGER hold_keeps BEFORE UPDATE OR DELETE ON hold FOR EACH ROW
    EXECUTE FUNCTION guard_case('released_at', 'released_by', 'release_reason');
CREATE TRIGGER request_keeps BEFORE UPDATE OR DELETE ON request FOR EACH ROW
    EXECUTE FUNCTION guard_case('contact_id', 'acknowledged_at', 'closed_at', 'closed_by', 'outcome');
REVOKE INSERT, UPDATE ON undo, hold, retention FROM barnstorm_ingress;
REVOKE INSERT, UPDATE ON request FROM barnstorm_ingress;
REVOKE INSERT ON subject_key, case_fact FROM barnstorm_ingress;

GRANT SELECT ON deletion TO barnstorm_web, barnstorm_worker, barnstorm_report;
ALTER TABLE deletion ENABLE ROW LEVEL SECURITY;
CREATE POLICY whole_house ON deletion TO barnstorm_worker, barnstorm_report USING (true);
CREATE POLICY own_house ON deletion TO barnstorm_web
    USING (organisation_id = current_organisation());
REVOKE ALL ON FUNCTION blank_people(integer, uuid[]), begin_deletion(integer, text, uuid),
    delete_batch(integer, uuid, integer), check_ledger_node() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION begin_deletion(integer, text, uuid), delete_batch(integer, uuid, integer)
    TO barnstorm_web, barnstorm_worker;
