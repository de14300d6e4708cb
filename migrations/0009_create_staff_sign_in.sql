-- Why: staff sign in by password and a second factor; browsers can be listed and ended; links let
--      invited people and the operator of a machine in (reliability 6.2).
-- Locks: ACCESS EXCLUSIVE on member, sign_in and proof for an instant.
-- Undo: drop the added columns; put the old find_visitor and check of proof.kind back.

-- The step of the last one-time code, which serves once; NULL with a secret: not confirmed yet.
ALTER TABLE member ADD COLUMN totp_step bigint,
    ADD COLUMN recovery_hashes bytea[] NOT NULL DEFAULT '{}';  -- SHA-256; each serves once

-- How somebody proved who they are: by a code or link to their address, by a link that the
-- operator made on the machine itself, by password and second factor.
ALTER TABLE sign_in ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN strength text NOT NULL DEFAULT 'code' CHECK (strength IN ('code', 'link', 'full'));

-- 'half': the password was right, the second factor is still to come.
ALTER TABLE proof DROP CONSTRAINT proof_kind_check,
    ADD CONSTRAINT proof_kind_check CHECK (kind IN ('code', 'link', 'invitation', 'half'));

DROP FUNCTION find_visitor(bytea);
CREATE FUNCTION find_visitor(hash bytea) RETURNS TABLE (
    organisation_id integer, organisation_name text, countries text[], member_id uuid, name text,
    role text, language text, free_text boolean, proven_at timestamptz, settings jsonb,
    seen_at timestamptz, strength text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT m.organisation_id, o.name, o.countries, m.id, m.name, m.role, m.language,
               m.free_text, m.proven_at, m.settings, s.seen_at, s.strength
        FROM sign_in s
        JOIN member m ON m.organisation_id = s.organisation_id AND m.id = s.member_id
        JOIN organisation o ON o.id = s.organisation_id
        WHERE s.token_hash = hash AND s.expires_at > now() AND m.deactivated_at IS NULL
          AND s.seen_at > now() - CASE WHEN m.role IN ('owner', 'compliance')
              THEN interval '30 minutes' ELSE interval '12 hours' END
    $$;
REVOKE ALL ON FUNCTION find_visitor(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_visitor(bytea) TO barnstorm_web;
