-- Why: HELP leads to a page about oneself without sign-in; lists of the log go by day.
-- Locks: SHARE on ledger while its index is built (seconds for a million lines).
-- Undo: DROP FUNCTION find_person_link; DROP TABLE person_link; DROP INDEX ledger_at.

-- /w/TOKEN: the page about a person for that person. The token stands in a text, its hash here.
CREATE TABLE person_link (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    organisation_id integer NOT NULL,
    contact_id uuid NOT NULL,
    conversation_id uuid,
    message_id uuid NOT NULL,        -- the text that carries it
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX person_link_contact ON person_link (organisation_id, contact_id);

-- Lists by day go by it; a line's time rises with its number.
CREATE INDEX ledger_at ON ledger (organisation_id, at);

GRANT SELECT, INSERT ON person_link TO barnstorm_web, barnstorm_worker, barnstorm_ingress;
GRANT SELECT ON person_link TO barnstorm_report;
ALTER TABLE person_link ENABLE ROW LEVEL SECURITY;
CREATE POLICY whole_house ON person_link TO barnstorm_worker, barnstorm_ingress, barnstorm_report
    USING (true) WITH CHECK (true);
CREATE POLICY own_house ON person_link TO barnstorm_web
    USING (organisation_id = current_organisation())
    WITH CHECK (organisation_id = current_organisation());
CREATE TRIGGER person_link_is_history BEFORE UPDATE OR DELETE ON person_link
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Asked before an organisation is known, by an unguessable token.
CREATE FUNCTION find_person_link(hash bytea) RETURNS TABLE (
    organisation_id integer, organisation_name text, contact_id uuid, conversation_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT p.organisation_id, o.name, p.contact_id, p.conversation_id
        FROM person_link p JOIN organisation o ON o.id = p.organisation_id
        WHERE p.token_hash = hash
    $$;
REVOKE ALL ON FUNCTION find_person_link(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_person_link(bytea) TO barnstorm_web;
