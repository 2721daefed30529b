/* intake.amend_event */
-- Empties or edits the texts of events that wait. Lanes first, in order, as everywhere.
WITH held AS MATERIALIZED (
  SELECT lane FROM lane WHERE lane = ANY ($1::text[]) ORDER BY lane FOR NO KEY UPDATE
)
UPDATE event e
SET amended = true, amended_text = a.text, body = CASE WHEN a.unsent THEN ''::bytea ELSE e.body END
FROM held, amendment a
WHERE e.lane = held.lane AND e.message_id = ANY ($2::text[]) AND a.message_id = e.message_id
