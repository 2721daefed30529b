/* queue.read */
-- The first unsettled events of lanes that we hold, in the order of work.
SELECT e.lane, e.id, e.key, e.destination, e.occurred_at, e.received_at, e.attempts, e.body, e.trace,
       e.amended OR a.message_id IS NOT NULL AS amended,
       CASE WHEN e.amended THEN e.amended_text ELSE a.text END AS amended_text,
       o.state, o.payload::text AS payload, o.reply_attempts, o.accepted_at
FROM unnest($1::text[]) AS i(lane)
CROSS JOIN LATERAL (
  SELECT lane, id, key, destination, message_id, occurred_at, received_at, ordinal, attempts, amended, amended_text,
         body, trace
  FROM event WHERE lane = i.lane ORDER BY occurred_at, received_at, ordinal, id LIMIT $2::int8
) e
LEFT JOIN LATERAL (SELECT state, payload, reply_attempts, accepted_at FROM outbox WHERE event = e.id OFFSET 0) o ON true
LEFT JOIN LATERAL (SELECT message_id, text FROM amendment WHERE message_id = e.message_id OFFSET 0) a ON true
ORDER BY e.lane, e.occurred_at, e.received_at, e.ordinal, e.id
