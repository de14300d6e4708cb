-- Why: whoever goes home tells the lead one thing to fix; it is read where the campaign is led, and
--      marked as seen, never deleted.
-- Locks: creates a table; replaces functions.
-- Undo: put retention_due, blank_people and delete_batch of 0016 back; DROP TABLE suggestion;
--      DROP FUNCTION bare_words.
CREATE TABLE suggestion (
    organisation_id integer NOT NULL,
    id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    member_id uuid NOT NULL,         -- who wrote it
    body text NOT NULL CHECK (char_length(body) <= 500),   -- empty once its time was over
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz,
    seen_by uuid,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign,
    FOREIGN KEY (organisation_id, member_id) REFERENCES member,
    CHECK ((seen_at IS NULL) = (seen_by IS NULL))
);
CREATE INDEX suggestion_campaign ON suggestion (organisation_id, campaign_id, id);
CREATE INDEX suggestion_unseen ON suggestion (organisation_id, campaign_id, id) WHERE seen_at IS NULL;
CREATE INDEX suggestion_member ON suggestion (organisation_id, member_id, created_at);

-- Words stay as they were written, and what was seen stays seen: pages may only mark it.
GRANT SELECT, INSERT ON suggestion TO barnstorm_web;
GRANT UPDATE (seen_at, seen_by) ON suggestion TO barnstorm_web;
GRANT SELECT ON suggestion TO barnstorm_worker, barnstorm_ingress, barnstorm_report;
ALTER TABLE suggestion ENABLE ROW LEVEL SECURITY;
CREATE POLICY whole_house ON suggestion TO barnstorm_worker, barnstorm_ingress, barnstorm_report
    USING (true);
CREATE POLICY own_house ON suggestion TO barnstorm_web
    USING (organisation_id = current_organisation())
    WITH CHECK (organisation_id = current_organisation());

-- A text as lower-case words between single spaces, so that a name is found as a word and not within
-- one; NULL for a text without any.
CREATE FUNCTION bare_words(words text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
        SELECT ' ' || nullif(btrim(regexp_replace(lower(words), '[[:space:][:punct:]]+', ' ', 'g')), '')
            || ' '
    $$;

-- As in 0016, now with what volunteers told their lead, counted among the notes.
CREATE OR REPLACE FUNCTION retention_due(
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
        (SELECT 'notes', s.id, s.created_at, is_anything_held(for_organisation)
        FROM suggestion s
        WHERE which = 'words' AND s.organisation_id = for_organisation AND s.id > after
          AND s.created_at < before AND s.body <> ''
        ORDER BY s.id LIMIT bound)
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

CREATE OR REPLACE FUNCTION blank_people(for_organisation integer, people uuid[]) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        digits bytea[];
        texts integer; lists integer; notes integer; talks integer; facts integer;
        answers integer; webhooks integer; persons integer; amount integer;
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
        -- What volunteers tell their lead is about the evening and names nobody by a key: it goes where
        -- the name or number of somebody on that campaign's list stands in it, as words of its own.
        UPDATE suggestion s SET body = '' WHERE s.organisation_id = for_organisation
            AND s.body <> '' AND EXISTS (
                SELECT FROM recipient r JOIN contact c
                    ON c.organisation_id = r.organisation_id AND c.id = r.contact_id
                WHERE r.organisation_id = for_organisation AND r.contact_id = ANY(people)
                  AND r.campaign_id = s.campaign_id AND (
                    position(bare_words(c.name) IN bare_words(s.body)) > 0
                    OR position(substr(c.number, 2) IN regexp_replace(s.body, '[^0-9]', '', 'g')) > 0));
        GET DIAGNOSTICS amount = ROW_COUNT;
        notes := notes + amount;
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

CREATE OR REPLACE FUNCTION delete_batch(for_organisation integer, round uuid, bound integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        d deletion%ROWTYPE;
        ids uuid[];
        going uuid[];
        kept bigint;
        counts jsonb := '{}';
        amount integer;
        more integer;
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
            UPDATE suggestion s SET body = ''
            WHERE s.organisation_id = for_organisation AND s.id = ANY(going);
            GET DIAGNOSTICS more = ROW_COUNT;
            counts := counts || jsonb_build_object('notes', amount + more);
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
