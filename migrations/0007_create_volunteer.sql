-- Why: volunteers: who takes part in which campaign, who asked to, whose address is proven, and
--      where their browsers are told that somebody answered.
-- Locks: ACCESS EXCLUSIVE on member for an instant (a column without a default to compute).
-- Undo: drop the tables and functions; ALTER TABLE member DROP COLUMN proven_at.

-- When a code or link proved the address; NULL in join mode "open" allows ten first texts.
ALTER TABLE member ADD COLUMN proven_at timestamptz;

-- Takes part: may draw leases of that campaign and is offered its replies.
CREATE TABLE participation (
    organisation_id integer NOT NULL,
    member_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    joined_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),   -- the campaign chosen last is the one shown
    -- First texts pressed: in all, and on that day of the server's (UTC); shown to the texter.
    sent integer NOT NULL DEFAULT 0 CHECK (sent >= 0),
    sent_today integer NOT NULL DEFAULT 0 CHECK (sent_today >= 0),
    sent_on date NOT NULL DEFAULT current_date,
    PRIMARY KEY (organisation_id, member_id, campaign_id),
    FOREIGN KEY (organisation_id, member_id) REFERENCES member ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign
);
CREATE INDEX participation_campaign ON participation (organisation_id, campaign_id, last_at);

-- Join mode "approve": waits for an organiser or the lead. Also who wants to be reminded.
CREATE TABLE join_request (
    organisation_id integer NOT NULL,
    id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('approval', 'reminder')),
    name text NOT NULL,
    login text NOT NULL,
    language text NOT NULL DEFAULT 'en',
    created_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    decided_by uuid,
    approved boolean,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign,
    CHECK ((decided_at IS NULL) = (approved IS NULL))
);
CREATE UNIQUE INDEX join_request_once ON join_request (organisation_id, campaign_id, kind, login);

-- "Not this one", with its reason: organisers see what texters found wrong with a list.
CREATE TABLE skip (
    organisation_id integer NOT NULL,
    message_id uuid NOT NULL,
    member_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    reason text NOT NULL CHECK (reason IN ('language', 'known', 'wrong', 'other')),
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, message_id, member_id)
);

-- A browser that wants to be told (RFC 8030); keys as RFC 8291 has them.
CREATE TABLE push_subscription (
    organisation_id integer NOT NULL,
    id uuid NOT NULL,
    member_id uuid NOT NULL,
    endpoint text NOT NULL CHECK (endpoint LIKE 'https://%' AND length(endpoint) <= 2048),
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 65),
    secret bytea NOT NULL CHECK (octet_length(secret) = 16),
    created_at timestamptz NOT NULL DEFAULT now(),
    told_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, member_id) REFERENCES member ON DELETE CASCADE
);
CREATE UNIQUE INDEX push_subscription_endpoint ON push_subscription (organisation_id, endpoint);
CREATE INDEX push_subscription_member ON push_subscription (organisation_id, member_id);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['participation', 'join_request', 'skip', 'push_subscription'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO barnstorm_web, barnstorm_worker, barnstorm_ingress', name);
        EXECUTE format('GRANT SELECT ON %I TO barnstorm_report', name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY whole_house ON %I TO barnstorm_worker, barnstorm_ingress, barnstorm_report USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY own_house ON %I TO barnstorm_web USING (organisation_id = current_organisation()) WITH CHECK (organisation_id = current_organisation())', name);
    END LOOP;
END $$;

-- Who knocks with that token: asked once for each page, before an organisation is known. Idle
-- sessions end after 12 h for texters and leads, 30 min for those who see numbers.
CREATE FUNCTION find_visitor(hash bytea) RETURNS TABLE (
    organisation_id integer, organisation_name text, countries text[], member_id uuid, name text,
    role text, language text, free_text boolean, proven_at timestamptz, settings jsonb,
    seen_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT m.organisation_id, o.name, o.countries, m.id, m.name, m.role, m.language,
               m.free_text, m.proven_at, m.settings, s.seen_at
        FROM sign_in s
        JOIN member m ON m.organisation_id = s.organisation_id AND m.id = s.member_id
        JOIN organisation o ON o.id = s.organisation_id
        WHERE s.token_hash = hash AND s.expires_at > now() AND m.deactivated_at IS NULL
          AND s.seen_at > now() - CASE WHEN m.role IN ('owner', 'compliance')
              THEN interval '30 minutes' ELSE interval '12 hours' END
    $$;
REVOKE ALL ON FUNCTION find_visitor(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_visitor(bytea) TO barnstorm_web;
