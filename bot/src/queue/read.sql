/* queue.read */
-- The unsettled events of lanes that we hold, in the order of work.
SELECT e.lane, e.id, e.key, e.destination, e.occurred_at, e.received_at, e.attempts, e.body, e.trace,
       e.amended OR a.message_id IS NOT NULL AS amended,
       CASE WHEN e.amended THEN e.amended_text ELSE a.text END AS amended_text,
       o.state, o.payload::text AS payload, o.reply_attempts, o.accepted_at
FROM event e
LEFT JOIN LATERAL (SELECT state, payload, reply_attempts, accepted_at FROM outbox WHERE event = e.id OFFSET 0) o ON true
LEFT JOIN LATERAL (SELECT message_id, text FROM amendment WHERE message_id = e.message_id OFFSET 0) a ON true
WHERE e.lane = ANY ($1::text[])
ORDER BY e.lane, e.occurred_at, e.received_at, e.ordinal, e.id
