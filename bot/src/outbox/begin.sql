/* outbox.begin */
-- Creates the rows before the first call, which this counts. Refused when the lane is lost, when there is
-- news in it (an earlier event may have come), or when the customer took the message back.
WITH input AS MATERIALIZED (
  SELECT i.*, l.lane IS NOT NULL AS held, coalesce(l.dirty, false) AS dirty, a.message_id IS NOT NULL AS unsent
  FROM unnest($1::int8[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
       AS i(event, lane, token, message_id, payload, rule, language, set_language)
  LEFT JOIN LATERAL (
    SELECT lane, dirty FROM lane WHERE lane = i.lane AND token = i.token AND until > clock_timestamp() OFFSET 0
  ) l ON true
  LEFT JOIN LATERAL (SELECT message_id FROM amendment WHERE message_id = i.message_id AND unsent OFFSET 0) a ON true
), begun AS (
  INSERT INTO outbox AS o (event, state, payload, rule, language, set_language, reply_attempts, token, begun_at)
  SELECT event, 'replying', payload::json, rule, language, set_language, 1, token, now() FROM input
  WHERE held AND NOT dirty AND NOT unsent ORDER BY event
  -- The same holder again, after an answer that did not come.
  ON CONFLICT (event) DO UPDATE SET token = excluded.token
    WHERE o.token = excluded.token AND o.state = 'replying' AND o.reply_attempts = 1 AND o.accepted_at IS NULL
  RETURNING event, token
)
-- A holder that has lost its lane may stand in the same batch as the next one: each is told its own.
SELECT event, token, true AS begun, true AS held, false AS dirty, false AS unsent FROM begun
UNION ALL
SELECT event, token, false, held, dirty, unsent FROM input WHERE NOT held OR dirty OR unsent
