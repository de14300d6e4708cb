-- Why: organisers build a campaign in steps, two at a time without losing words; what they accept,
--      ask a colleague to approve and schedule is kept; estimates are counted once per script.
-- Locks: ACCESS EXCLUSIVE on campaign, organisation and import for an instant.
-- Undo: drop the tables and function; drop the added columns.

-- `edition` counts every saved step, `editions` each step alone: a form names the one it was drawn
-- from, so that nobody overwrites what they have not seen.
ALTER TABLE campaign ADD COLUMN edition integer NOT NULL DEFAULT 0,
    ADD COLUMN editions jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN edited_by uuid,
    ADD COLUMN edited_at timestamptz,
    ADD COLUMN people_needed integer CHECK (people_needed > 0),
    ADD COLUMN tested_version integer NOT NULL DEFAULT 0,  -- the script that was last sent as a test
    ADD COLUMN asked_by uuid,                              -- who asked for a second person, and when
    ADD COLUMN asked_at timestamptz,
    ADD COLUMN approved_by uuid,
    ADD COLUMN approved_edition integer,                   -- an approval holds for this edition only
    ADD COLUMN launch_at timestamptz,                      -- a countdown or a date; NULL: not yet
    ADD COLUMN launch_by uuid,
    ADD COLUMN launch_refusal text;                        -- why a launch did not happen
CREATE INDEX campaign_launch ON campaign (launch_at) WHERE launch_at IS NOT NULL AND state = 'draft';

-- Above this many people a launch needs a second person.
ALTER TABLE organisation ADD COLUMN second_person_above integer NOT NULL DEFAULT 5000
    CHECK (second_person_above > 0);

-- Rows left out because people of one household share a number and the importer asked for that.
ALTER TABLE import ADD COLUMN households text NOT NULL DEFAULT 'first'
        CHECK (households IN ('first', 'none')),
    ADD COLUMN rows_household bigint NOT NULL DEFAULT 0;

-- A finding of the preflight that somebody accepted, with their name.
CREATE TABLE acceptance (
    organisation_id integer NOT NULL,
    campaign_id uuid NOT NULL,
    finding text NOT NULL CHECK (finding <> ''),
    member_id uuid,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, campaign_id, finding),
    FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign
);

-- What the whole merged list costs under one version of the script, counted by what sends it.
CREATE TABLE estimate (
    organisation_id integer NOT NULL,
    campaign_id uuid NOT NULL,
    script_version integer NOT NULL,
    people bigint NOT NULL,          -- of all lanes when the count began; another number makes it old
    counted bigint NOT NULL DEFAULT 0,
    result jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, campaign_id),
    FOREIGN KEY (organisation_id, campaign_id) REFERENCES campaign
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['acceptance', 'estimate'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO barnstorm_web, barnstorm_worker', name);
        EXECUTE format('GRANT SELECT ON %I TO barnstorm_report', name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY whole_house ON %I TO barnstorm_worker, barnstorm_report USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY own_house ON %I TO barnstorm_web USING (organisation_id = current_organisation()) WITH CHECK (organisation_id = current_organisation())', name);
    END LOOP;
END $$;

-- Campaigns whose launch is due, of all organisations: asked by the worker every second.
CREATE FUNCTION find_due_launches(bound integer) RETURNS TABLE (organisation_id integer, campaign_id uuid, member_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT c.organisation_id, c.id, c.launch_by FROM campaign c
        WHERE c.launch_at <= now() AND c.state = 'draft' ORDER BY c.launch_at LIMIT bound
    $$;
REVOKE ALL ON FUNCTION find_due_launches(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_due_launches(integer) TO barnstorm_web, barnstorm_worker;
