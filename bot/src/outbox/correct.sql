/* outbox.correct */
-- A turn that was settled as unknown is corrected. A statement of its own, after the one above: its snapshot sees the
-- turns whose settling that one had to wait for.
UPDATE turn t SET outcome = 'answered', reason = NULL, accepted_at = i.accepted_at, request_id = i.request_id, sent_by = i.sent_by
FROM (SELECT * FROM unnest($1::int8[], $2::timestamptz[], $3::text[], $4::text[])
        AS i(event, accepted_at, request_id, sent_by) ORDER BY event) i
WHERE t.event = i.event AND t.outcome = 'unknown'
