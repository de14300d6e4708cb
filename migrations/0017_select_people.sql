-- Why: a new campaign may address people of an earlier one: whom the carrier refused, who did not
--      answer, who gave an answer. Its list says so, so that nobody stands on two such lists by
--      accident.
-- Locks: ACCESS EXCLUSIVE on import for an instant; SHARE on it while three small indexes are built.
-- Undo: drop the indexes and columns.
ALTER TABLE import ADD COLUMN follows uuid,      -- the campaign whose people these are
    ADD COLUMN selection text
        CHECK (selection IN ('refused', 'unreached', 'unanswered', 'answered')),
    ADD COLUMN selected text,                    -- answered: question=value
    ADD CHECK ((follows IS NULL) = (selection IS NULL));

-- Two people who choose the same at once would both find everybody unlisted: one has to wait.
CREATE UNIQUE INDEX import_selecting ON import (organisation_id, follows, selection)
    WHERE follows IS NOT NULL AND state IN ('staging', 'merging');
CREATE INDEX import_follows ON import (organisation_id, follows) WHERE follows IS NOT NULL;
-- Asked at each draw, so that nobody is reminded who has answered since the list was made.
CREATE INDEX import_unanswered ON import (organisation_id, campaign_id)
    WHERE selection = 'unanswered';
