-- Second part, for batches with dead letters or choices of a language.
, buried AS (
  INSERT INTO dead_letter (id, key, lane, destination, message_id, reason, detail, attempts, occurred_at, received_at,
                           ordinal, dead_at, trace, body)
  SELECT g.id, g.key, g.lane, g.destination, g.message_id, i.reason, i.detail, g.attempts, g.occurred_at, g.received_at,
         g.ordinal, clock_timestamp(), g.trace,
         CASE WHEN a.unsent THEN ''::bytea ELSE g.body END
  FROM gone g JOIN held i ON i.event = g.id
  LEFT JOIN LATERAL (SELECT unsent FROM amendment WHERE message_id = g.message_id OFFSET 0) a ON true
  WHERE i.outcome = 'dead_letter'
)
, chosen AS (
  INSERT INTO person AS p (user_id, language, language_at)
  SELECT DISTINCT ON (i.user_id) i.user_id, s.set_language, g.occurred_at
  FROM sent s JOIN gone g ON g.id = s.event JOIN held i ON i.event = s.event
  -- Not by a message that was taken back before it was answered.
  WHERE s.set_language IS NOT NULL AND i.user_id IS NOT NULL AND i.outcome <> 'stored_only'
  ORDER BY i.user_id, g.occurred_at DESC
  ON CONFLICT (user_id) DO UPDATE SET language = excluded.language, language_at = excluded.language_at
    WHERE p.language_at IS NULL OR p.language_at <= excluded.language_at
)
