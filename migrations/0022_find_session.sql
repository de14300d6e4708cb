-- Why: who mistypes a campaign's code is shown sessions they can join, of campaigns whose organisers
--      said that anyone may find them.
-- Locks: ACCESS EXCLUSIVE on campaign for an instant (a column with a constant default).
-- Undo: DROP FUNCTION find_sessions(); ALTER TABLE campaign DROP COLUMN findable.
ALTER TABLE campaign ADD COLUMN findable boolean NOT NULL DEFAULT false;

-- Asked at the door, before an organisation is known: sessions with room, live ones first. A campaign
-- that nobody declared findable is never among them, so that no code can be fished for.
CREATE FUNCTION find_sessions() RETURNS TABLE (
    organisation_id integer, organisation_name text, campaign_id uuid, name text, code text, state text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT c.organisation_id, o.name, c.id, c.name, c.code, c.state
        FROM campaign c JOIN organisation o ON o.id = c.organisation_id
        WHERE c.findable AND c.code IS NOT NULL AND c.state IN ('live', 'paused', 'held')
          AND (c.texters_max IS NULL OR c.texters_max > (
              SELECT count(*) FROM participation p
              WHERE p.organisation_id = c.organisation_id AND p.campaign_id = c.id
                AND p.last_at > now() - interval '10 minutes'))
        ORDER BY c.state = 'live' DESC, c.launched_at DESC NULLS LAST, c.id LIMIT 200
    $$;
REVOKE ALL ON FUNCTION find_sessions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_sessions() TO barnstorm_web;
