/* outbox.fact */
-- LINE accepted: whoever knows it writes it, lane or no lane. A turn that was settled as unknown is corrected.
WITH input AS MATERIALIZED (
  SELECT * FROM unnest($1::int8[], $2::timestamptz[], $3::text[], $4::text[])
    AS i(event, accepted_at, request_id, sent_by) ORDER BY event
), open AS (
  UPDATE outbox o SET accepted_at = i.accepted_at, request_id = i.request_id
  FROM input i WHERE o.event = i.event AND o.accepted_at IS NULL
)
UPDATE turn t SET outcome = 'answered', reason = NULL, accepted_at = i.accepted_at, request_id = i.request_id, sent_by = i.sent_by
FROM input i WHERE t.event = i.event AND t.outcome = 'unknown'
