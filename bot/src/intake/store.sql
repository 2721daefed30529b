/* intake.store */
-- One autocommit statement per batch. The input has no doubles and is sorted by (day, key).
-- fate: 0 work, 1 keep (settled at once), 2 dead letter.
WITH input AS MATERIALIZED (
  SELECT date '1970-01-01' + day_number AS day,
         day_number BETWEEN (now() AT TIME ZONE 'utc')::date - date '1970-01-01' - 29
                        AND (now() AT TIME ZONE 'utc')::date - date '1970-01-01' + 1 AS current,
         t.*
  FROM unnest($1::int4[], $2::bytea[], $3::int2[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
              $8::timestamptz[], $9::int4[], $10::bytea[], $11::bytea[], $12::int2[], $13::text[], $14::text[],
              $15::text[], $16::text[], $17::bool[], $18::text[], $19::text[], $20::text[])
       AS t(day_number, key, fate, lane, destination, message_id, occurred_at,
            received_at, ordinal, trace, body, attempts, webhook_event_id, user_id,
            kind, reason, unsends, amend_id, amend_text, user_text)
), fresh AS (
  INSERT INTO seen (day, key) SELECT day, key FROM input WHERE current ORDER BY day, key
  ON CONFLICT DO NOTHING RETURNING day, key
), news AS MATERIALIZED (
  -- An event of a day that is not kept is stored, but it cannot be deduplicated: it is never answered.
  SELECT i.*, CASE WHEN i.current OR i.fate = 2 THEN i.fate ELSE 1 END AS actual, nextval('event_id') AS id
  FROM input i LEFT JOIN fresh f USING (day, key) WHERE f.key IS NOT NULL OR NOT i.current
), stored AS (
  INSERT INTO event (lane, id, key, destination, message_id, occurred_at, received_at, ordinal, attempts, trace, body)
  SELECT lane, id, key, destination, message_id, occurred_at, received_at, ordinal,
         CASE WHEN $21::uuid IS NULL THEN 0 ELSE attempts END, trace, body
  FROM news WHERE actual = 0
  RETURNING lane
), kept AS (
  INSERT INTO turn (lane, event, key, webhook_event_id, destination, user_id, kind, message_id, user_text,
                    outcome, reason, trace, occurred_at, received_at, settled_at, body)
  SELECT coalesce(lane, ''), id, key, webhook_event_id, destination, user_id, kind, message_id,
         user_text, 'stored_only', CASE WHEN current THEN reason ELSE 'too_old' END, trace, occurred_at, received_at,
         clock_timestamp(), body
  FROM news WHERE actual = 1
), dead AS (
  INSERT INTO dead_letter (id, key, lane, destination, message_id, reason, detail, attempts, occurred_at, received_at,
                           ordinal, dead_at, trace, body)
  SELECT id, key, lane, destination, message_id, 'unreadable', reason, 0, occurred_at, received_at,
         ordinal, clock_timestamp(), trace, body
  FROM news WHERE actual = 2
), lanes AS (
  -- A lane that was free is won: born claimed, or free and due when $21 is null. A held one learns that there is news.
  INSERT INTO lane (lane, token, owner, until)
  SELECT lane, $21::uuid, $22::uuid, clock_timestamp() + $23::int4 * interval '1 ms' FROM stored GROUP BY lane ORDER BY lane
  ON CONFLICT (lane) DO UPDATE SET dirty = true
  RETURNING lane, coalesce(token = $21::uuid, false) AS won
), amended AS (
  -- Unsend is final; of edits the newest counts.
  INSERT INTO amendment AS a (message_id, unsent, text, occurred_at)
  SELECT DISTINCT ON (amend_id) amend_id, unsends, amend_text, occurred_at
  FROM news WHERE amend_id IS NOT NULL ORDER BY amend_id, unsends DESC, occurred_at DESC
  ON CONFLICT (message_id) DO UPDATE
    SET unsent = excluded.unsent, text = excluded.text, occurred_at = excluded.occurred_at, applied = false
    WHERE NOT a.unsent AND (excluded.unsent OR excluded.occurred_at > a.occurred_at)
)
-- One row for each event that is new, then one for each lane that was won: joined by the caller, who hashes.
SELECT n.key, CASE WHEN n.actual = 0 THEN n.id END AS id, NULL AS won_lane,
       p.stored_language, p.profile_language, p.fetched_at
FROM news n
LEFT JOIN LATERAL (
  SELECT language AS stored_language, profile_language, fetched_at FROM person WHERE user_id = n.user_id AND n.actual = 0 OFFSET 0
) p ON true
UNION ALL
SELECT NULL, NULL, lane, NULL, NULL, NULL FROM lanes WHERE won
