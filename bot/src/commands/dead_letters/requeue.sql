/* dead_letters.requeue */
-- Under the locks, for what was looked at under them. The event is what it was, in its old place; the turn that called
-- it dead goes, and comes again when it is settled.
WITH gone AS (
  DELETE FROM dead_letter WHERE id = ANY ($1::int8[])
  RETURNING id, key, lane, destination, message_id, occurred_at, received_at, ordinal, trace, body
), past AS (
  DELETE FROM turn t USING gone g WHERE t.lane = g.lane AND t.event = g.id
)
INSERT INTO event (lane, id, key, destination, message_id, occurred_at, received_at, ordinal, attempts, amended,
                   amended_text, trace, body)
SELECT g.lane, g.id, g.key, g.destination, g.message_id, g.occurred_at, g.received_at, g.ordinal, 0,
       a.message_id IS NOT NULL, a.text, g.trace, g.body
FROM gone g
LEFT JOIN LATERAL (SELECT message_id, text FROM amendment WHERE message_id = g.message_id OFFSET 0) a ON true
RETURNING id, lane, message_id
