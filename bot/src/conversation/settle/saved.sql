/* conversation.settle */
-- The turn and the event's settling in one transaction: lane first, then event, outbox, turn, person. First part.
-- A lane is worked one event at a time, so a holder stands in the input once.
WITH held AS MATERIALIZED (
  SELECT i.*, l.dirty FROM (
    SELECT * FROM unnest($1::int8[], $2::text[], $3::uuid[], $4::bool[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::timestamptz[],
                         $16::text[])
      AS i(event, lane, token, last, webhook_event_id, user_id, kind, user_text,
           file_name, file_type, outcome, reason, detail, sent_by, accepted_at,
           request_id)
    ORDER BY lane) i,
    LATERAL (SELECT dirty FROM lane WHERE lane = i.lane AND token = i.token FOR NO KEY UPDATE) l
), gone AS (
  DELETE FROM event
  WHERE lane = ANY (ARRAY (SELECT lane FROM held)) AND id + 0 = ANY (ARRAY (SELECT event FROM held))
  RETURNING id, lane, key, destination, message_id, occurred_at, received_at, ordinal, attempts, amended, amended_text,
            trace, body
), sent AS (
  DELETE FROM outbox WHERE event = ANY (ARRAY (SELECT id FROM gone))
  RETURNING event, state, payload, begun_at, accepted_at, request_id, rule, language, set_language
), saved AS (
  INSERT INTO turn AS t (lane, event, key, webhook_event_id, destination, user_id, display_name, kind, message_id, user_text,
                    file_name, file_type, answer, rule, language, outcome, reason, sent_by, request_id, trace,
                    occurred_at, received_at, begun_at, accepted_at, settled_at, body)
  SELECT g.lane, g.id, g.key, i.webhook_event_id, g.destination, i.user_id, p.display_name, i.kind, g.message_id,
         CASE WHEN g.amended THEN g.amended_text WHEN a.message_id IS NOT NULL THEN a.text ELSE i.user_text END,
         CASE WHEN a.unsent OR g.body = '' THEN NULL ELSE i.file_name END, i.file_type, s.payload,
         s.rule, s.language,
         -- Known by now: whoever knew that LINE accepted may have written it since the holder looked.
         CASE WHEN k.known THEN 'answered' ELSE i.outcome END,
         CASE WHEN k.known THEN NULL ELSE i.reason END,
         CASE WHEN k.known THEN CASE s.state WHEN 'pushing' THEN 'push' ELSE 'reply' END ELSE i.sent_by END,
         coalesce(i.request_id, s.request_id), g.trace,
         g.occurred_at, g.received_at, s.begun_at, coalesce(i.accepted_at, s.accepted_at), clock_timestamp(),
         CASE WHEN a.unsent OR g.body = '' THEN NULL ELSE g.body END
  FROM gone g JOIN held i ON i.event = g.id
  LEFT JOIN sent s ON s.event = g.id
  CROSS JOIN LATERAL (SELECT i.outcome = 'unknown' AND s.accepted_at IS NOT NULL AS known) k
  LEFT JOIN LATERAL (SELECT message_id, unsent, text FROM amendment WHERE message_id = g.message_id OFFSET 0) a ON true
  LEFT JOIN LATERAL (SELECT display_name FROM person WHERE user_id = i.user_id OFFSET 0) p ON true
  ON CONFLICT (lane, event) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason, answer = excluded.answer,
    rule = excluded.rule, language = excluded.language, sent_by = excluded.sent_by, request_id = excluded.request_id,
    begun_at = excluded.begun_at, accepted_at = excluded.accepted_at, settled_at = excluded.settled_at
)
