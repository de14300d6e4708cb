-- Why: conversations are handed to a named team with a queue of its own: those who speak Spanish,
--      those who know the event, the night shift.
-- Locks: creates tables; ACCESS EXCLUSIVE on conversation for an instant, SHARE on it while a
--        partial index is built.
-- Undo: drop the column conversation.team_id and the tables; what waited for a team is in the pool.
CREATE TABLE team (
    organisation_id integer NOT NULL REFERENCES organisation,
    id uuid NOT NULL,
    name text NOT NULL CHECK (btrim(name) <> ''),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX team_name ON team (organisation_id, lower(name)) WHERE retired_at IS NULL;

CREATE TABLE team_member (
    organisation_id integer NOT NULL,
    team_id uuid NOT NULL,
    member_id uuid NOT NULL,
    added_by uuid,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, team_id, member_id),
    FOREIGN KEY (organisation_id, team_id) REFERENCES team,
    FOREIGN KEY (organisation_id, member_id) REFERENCES member
);
CREATE INDEX team_member_person ON team_member (organisation_id, member_id);

-- Whose queue a conversation goes back to when nobody who is here holds it; NULL: everybody's.
ALTER TABLE conversation ADD COLUMN team_id uuid;
CREATE INDEX conversation_team ON conversation (organisation_id, team_id, needs_reply_since)
    WHERE team_id IS NOT NULL;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['team', 'team_member'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO barnstorm_web', name);
        EXECUTE format('GRANT SELECT ON %I TO barnstorm_worker, barnstorm_ingress, barnstorm_report', name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY whole_house ON %I TO barnstorm_worker, barnstorm_ingress, barnstorm_report USING (true)', name);
        EXECUTE format('CREATE POLICY own_house ON %I TO barnstorm_web USING (organisation_id = current_organisation()) WITH CHECK (organisation_id = current_organisation())', name);
    END LOOP;
END $$;
