-- Why: the application must not own what it must not change (DESIGN 3, row-level security). Four
--      group roles: web and worker batch differently, ingress sees all organisations, report reads.
-- Locks: none; roles belong to the whole cluster, so a second database finds them present.
-- Undo: DROP ROLE, once no database of the cluster uses them.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['barnstorm_web', 'barnstorm_worker', 'barnstorm_ingress', 'barnstorm_report']
    LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another database of this cluster was migrated at the same moment
        END;
        IF NOT pg_has_role(current_user, name, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', name);
        END IF;
    END LOOP;
END $$;

-- Postgres hands out CREATE on public to nobody since 15; say it for older clusters too.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO barnstorm_web, barnstorm_worker, barnstorm_ingress, barnstorm_report;

-- The organisation that the web's transaction works for; NULL outside one. After SET LOCAL ends the
-- setting is '' rather than unset, hence NULLIF.
CREATE FUNCTION current_organisation() RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('app.organisation', true), '')::integer $$;

-- The smallest UUIDv7 of an instant: the bound of a partition.
CREATE FUNCTION uuid_at(moment timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
        SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
                || '7000' || '8000000000000000')::uuid
    $$;
-- Below every id of that millisecond: version nibble and variant at their least.

-- Raised by triggers that guard history; one message for all of them.
CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        RAISE EXCEPTION 'rows of % are history: insert a new fact instead', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$;
