-- Why: who may do what, and whose rows they see (DESIGN 3, row-level security). The application roles
--      own nothing and cannot change history; the web role sees one organisation at a time.
-- Locks: ACCESS EXCLUSIVE on every table, briefly.
-- Undo: DROP POLICY … ; ALTER TABLE … DISABLE ROW LEVEL SECURITY; REVOKE.
DO $$
DECLARE
    name text;
    history text[] := ARRAY['message', 'attempt', 'outcome', 'settlement', 'receipt', 'consent',
        'inbound_raw', 'import_reject', 'act', 'script', 'note'];
    changing text[] := ARRAY['organisation', 'member', 'sign_in', 'proof', 'account', 'sender', 'contact',
        'campaign', 'answer', 'import', 'lane', 'recipient', 'lease', 'outbox', 'refusal', 'allowance',
        'allowance_share', 'tally', 'conversation', 'review', 'tree_head'];
    read_only text[] := ARRAY['ledger', 'chain_head'];
    shared text[] := ARRAY['zone_set', 'worker', 'watermark', 'seen'];
    key_column text;
BEGIN
    FOREACH name IN ARRAY history LOOP
        EXECUTE format('GRANT SELECT, INSERT ON %I TO barnstorm_web, barnstorm_worker, barnstorm_ingress', name);
    END LOOP;
    FOREACH name IN ARRAY changing LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO barnstorm_web, barnstorm_worker, barnstorm_ingress', name);
    END LOOP;
    FOREACH name IN ARRAY read_only LOOP
        EXECUTE format('GRANT SELECT ON %I TO barnstorm_web, barnstorm_worker, barnstorm_ingress', name);
    END LOOP;
    FOREACH name IN ARRAY shared LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO barnstorm_web, barnstorm_worker, barnstorm_ingress', name);
        EXECUTE format('GRANT SELECT ON %I TO barnstorm_report', name);
    END LOOP;
    FOREACH name IN ARRAY history || changing || read_only LOOP
        EXECUTE format('GRANT SELECT ON %I TO barnstorm_report', name);
        key_column := CASE name WHEN 'organisation' THEN 'id' ELSE 'organisation_id' END;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY whole_house ON %I TO barnstorm_worker, barnstorm_ingress, barnstorm_report USING (true) WITH CHECK (true)', name);
        IF name = 'account' THEN
            EXECUTE 'CREATE POLICY own_house ON account TO barnstorm_web
                USING (organisation_id IS NULL OR organisation_id = current_organisation())
                WITH CHECK (organisation_id = current_organisation())';
        ELSE
            EXECUTE format('CREATE POLICY own_house ON %I TO barnstorm_web USING (%I = current_organisation()) WITH CHECK (%I = current_organisation())',
                name, key_column, key_column);
        END IF;
    END LOOP;
END $$;

-- Doors that are asked before an organisation is known: by an unguessable token, or by a public code.
CREATE FUNCTION find_sign_in(hash bytea) RETURNS TABLE (organisation_id integer, member_id uuid, role text, expires_at timestamptz, seen_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT s.organisation_id, s.member_id, m.role, s.expires_at, s.seen_at
        FROM sign_in s JOIN member m ON m.organisation_id = s.organisation_id AND m.id = s.member_id
        WHERE s.token_hash = hash AND s.expires_at > now() AND m.deactivated_at IS NULL
    $$;
CREATE FUNCTION find_code(join_code text) RETURNS TABLE (organisation_id integer, campaign_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT c.organisation_id, c.id FROM campaign c WHERE c.code = join_code $$;
CREATE FUNCTION find_proof(hash bytea) RETURNS TABLE (organisation_id integer, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT p.organisation_id, p.id FROM proof p WHERE p.secret_hash = hash AND p.used_at IS NULL AND p.expires_at > now() $$;
CREATE FUNCTION find_members(login text) RETURNS TABLE (organisation_id integer, member_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT m.organisation_id, m.id FROM member m
        WHERE (m.email = lower(login) OR m.number = login) AND m.deactivated_at IS NULL
    $$;
REVOKE ALL ON FUNCTION find_sign_in(bytea), find_code(text), find_proof(bytea), find_members(text),
    ledger_append(integer, text, uuid, jsonb), open_stage(uuid), close_stage(uuid), make_partitions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_sign_in(bytea), find_code(text), find_proof(bytea), find_members(text) TO barnstorm_web;
GRANT EXECUTE ON FUNCTION ledger_append(integer, text, uuid, jsonb) TO barnstorm_web, barnstorm_worker, barnstorm_ingress;
GRANT EXECUTE ON FUNCTION open_stage(uuid), close_stage(uuid) TO barnstorm_web, barnstorm_worker;
GRANT EXECUTE ON FUNCTION make_partitions(integer) TO barnstorm_worker;
