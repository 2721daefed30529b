/* outbox.fact */
-- LINE accepted: whoever knows it writes it, lane or no lane.
UPDATE outbox o SET accepted_at = i.accepted_at, request_id = i.request_id
FROM (SELECT * FROM unnest($1::int8[], $2::timestamptz[], $3::text[]) AS i(event, accepted_at, request_id) ORDER BY event) i
WHERE o.event = i.event AND o.accepted_at IS NULL
