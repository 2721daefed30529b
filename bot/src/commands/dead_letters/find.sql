/* dead_letters.find */
-- Dead letters with what decides about them. Customers' texts and ids only when $5.
SELECT d.id, d.reason, d.detail, d.attempts, d.occurred_at, d.received_at, d.dead_at, d.trace, length(d.body) AS bytes,
       d.lane IS NOT NULL AS has_lane, coalesce(a.unsent, false) AS unsent,
       t.kind, t.begun_at, t.accepted_at, t.sent_by,
       EXISTS (SELECT FROM outbox WHERE event = d.id) AS in_outbox,
       CASE WHEN $5 THEN d.lane END AS lane, CASE WHEN $5 THEN d.destination END AS destination,
       CASE WHEN $5 THEN d.message_id END AS message_id, CASE WHEN $5 THEN t.user_id END AS user_id,
       CASE WHEN $5 THEN d.body END AS body
FROM dead_letter d
LEFT JOIN LATERAL (SELECT kind, begun_at, accepted_at, sent_by, user_id FROM turn WHERE lane = d.lane AND event = d.id OFFSET 0) t ON true
LEFT JOIN LATERAL (SELECT unsent FROM amendment WHERE message_id = d.message_id OFFSET 0) a ON true
WHERE ($1::int8[] IS NULL OR d.id = ANY ($1)) AND ($2::text IS NULL OR d.reason = $2)
  AND ($3::float8 IS NULL OR d.dead_at < now() - $3 * interval '1 s')
ORDER BY d.dead_at, d.id LIMIT $4::int8
