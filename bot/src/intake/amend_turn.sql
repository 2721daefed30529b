/* intake.amend_turn */
-- The same for what has been settled meanwhile: a new snapshot, so that nothing falls between the two.
WITH found AS MATERIALIZED (
  SELECT t.lane, t.event, a.unsent, a.text FROM turn t JOIN amendment a USING (message_id)
  WHERE t.message_id = ANY ($1::text[]) ORDER BY t.lane, t.event FOR NO KEY UPDATE OF t
), dead AS (
  UPDATE dead_letter d SET body = ''::bytea FROM amendment a
  WHERE d.message_id = ANY ($1::text[]) AND a.message_id = d.message_id AND a.unsent
), applied AS (
  UPDATE amendment a SET applied = true FROM (
    SELECT message_id FROM amendment WHERE message_id = ANY ($1::text[]) AND NOT applied ORDER BY message_id FOR NO KEY UPDATE
  ) open WHERE a.message_id = open.message_id
)
UPDATE turn t
SET user_text = f.text, file_name = CASE WHEN f.unsent THEN NULL ELSE t.file_name END,
    body = CASE WHEN f.unsent THEN NULL ELSE t.body END
FROM found f WHERE t.lane = f.lane AND t.event = f.event
