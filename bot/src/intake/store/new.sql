/* intake.store */
-- One autocommit statement per batch, first part: what is new. The input has no doubles and is sorted by (day, key).
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
)
