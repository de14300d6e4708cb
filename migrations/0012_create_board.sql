-- Why: what organisers see and steer: answers as facts and as totals, and the ways into
--      conversations and refused texts that a board of a million people needs.
-- Locks: creates tables; SHARE on conversation and outcome while four partial or small indexes are
--        built.
-- Undo: drop the tables and indexes; conversation.answers still holds each thread's last answers.

-- What a texter recorded, one row each time. The newest of a person and question holds; a row with
-- an empty value takes the answer back.
CREATE TABLE recorded_answer (
    organisation_id integer NOT NULL,
    id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    question text NOT NULL CHECK (question <> ''),
    value text NOT NULL,
    member_id uuid,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organisation_id, id)
);
CREATE INDEX recorded_answer_person
    ON recorded_answer (organisation_id, campaign_id, contact_id, question, id DESC);
CREATE TRIGGER recorded_answer_is_history BEFORE UPDATE OR DELETE ON recorded_answer
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- People by their newest answer: what boards sum. Slots spread writers over several rows.
CREATE TABLE answer_tally (
    organisation_id integer NOT NULL,
    campaign_id uuid NOT NULL,
    question text NOT NULL,
    value text NOT NULL,
    slot smallint NOT NULL,
    people bigint NOT NULL,
    PRIMARY KEY (organisation_id, campaign_id, question, value, slot)
) WITH (fillfactor = 60);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['recorded_answer', 'answer_tally'] LOOP
        EXECUTE format('GRANT SELECT, INSERT%s ON %I TO barnstorm_web, barnstorm_worker, barnstorm_ingress',
            CASE name WHEN 'answer_tally' THEN ', UPDATE' ELSE '' END, name);
        EXECUTE format('GRANT SELECT ON %I TO barnstorm_report', name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY whole_house ON %I TO barnstorm_worker, barnstorm_ingress, barnstorm_report USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY own_house ON %I TO barnstorm_web USING (organisation_id = current_organisation()) WITH CHECK (organisation_id = current_organisation())', name);
    END LOOP;
END $$;

INSERT INTO recorded_answer (organisation_id, id, campaign_id, contact_id, conversation_id,
    question, value, member_id)
SELECT c.organisation_id,
    (substr(uuid_at(c.created_at)::text, 1, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid,
    c.campaign_id, c.contact_id, c.id, a.key, a.value,
    c.assignee_id
FROM conversation c, jsonb_each_text(c.answers) a WHERE c.campaign_id IS NOT NULL AND a.key <> '';
INSERT INTO answer_tally (organisation_id, campaign_id, question, value, slot, people)
SELECT organisation_id, campaign_id, question, value, 0, count(*)
FROM recorded_answer GROUP BY 1, 2, 3, 4;

-- A campaign's people who wait, the longest-waiting first; those who are flagged; all by age.
CREATE INDEX conversation_board ON conversation (organisation_id, campaign_id, needs_reply_since)
    WHERE needs_reply_since IS NOT NULL;
CREATE INDEX conversation_flagged ON conversation (organisation_id, campaign_id)
    WHERE flagged IS NOT NULL;
CREATE INDEX conversation_campaign ON conversation (organisation_id, campaign_id, last_inbound_at);
-- Refused texts: few, and the only ones that may be tried again as new texts.
CREATE INDEX outcome_rejected ON outcome (organisation_id, message_id) WHERE result = 2;
