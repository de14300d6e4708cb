-- Why: under which registration did a text leave? A number's brand, campaign and token change when they
--      are renewed; each text belongs to those of its moment. The history is kept by the table itself,
--      whoever changes a number.
-- Locks: SHARE ROW EXCLUSIVE on sender for an instant (trigger): leases wait.
-- Undo: DROP TRIGGER sender_keeps_registration ON sender; DROP FUNCTION keep_registration;
--      DROP TABLE registration.
CREATE TABLE registration (
    organisation_id integer NOT NULL,
    sender_id uuid NOT NULL,
    from_at timestamptz NOT NULL,    -- in force from then on, until the number's next row
    facts jsonb NOT NULL,            -- brand, campaign, token and the like, as the registry calls them
    expires_at timestamptz,
    PRIMARY KEY (organisation_id, sender_id, from_at)
);
CREATE TRIGGER registration_is_history BEFORE UPDATE OR DELETE ON registration
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_registration() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        -- What a number comes with held from the beginning: nothing left from it before.
        INSERT INTO registration (organisation_id, sender_id, from_at, facts, expires_at)
        VALUES (NEW.organisation_id, NEW.id,
            CASE TG_OP WHEN 'INSERT' THEN '-infinity' ELSE clock_timestamp() END,
            NEW.registration, NEW.registration_expires_at);
        RETURN NULL;
    END $$;
-- UPDATE OF: leases and rate state, which change all the time, never come here.
CREATE TRIGGER sender_keeps_registration
    AFTER INSERT OR UPDATE OF registration, registration_expires_at ON sender
    FOR EACH ROW EXECUTE FUNCTION keep_registration();
INSERT INTO registration (organisation_id, sender_id, from_at, facts, expires_at)
    SELECT organisation_id, id, '-infinity', registration, registration_expires_at FROM sender;

REVOKE ALL ON FUNCTION keep_registration() FROM PUBLIC;
GRANT SELECT ON registration TO barnstorm_web, barnstorm_worker, barnstorm_ingress, barnstorm_report;
ALTER TABLE registration ENABLE ROW LEVEL SECURITY;
CREATE POLICY whole_house ON registration TO barnstorm_worker, barnstorm_ingress, barnstorm_report
    USING (true) WITH CHECK (true);
CREATE POLICY own_house ON registration TO barnstorm_web
    USING (organisation_id = current_organisation())
    WITH CHECK (organisation_id = current_organisation());
