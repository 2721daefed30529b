/* queue.disown */
-- Frees lanes that were won under tokens nobody works under. $2 holds those of them whose claim or birth counted an
-- attempt: nobody worked the event, so the count is taken back.
WITH held AS MATERIALIZED (
  SELECT lane, token FROM lane WHERE token = ANY ($1::uuid[]) ORDER BY lane FOR NO KEY UPDATE
), first AS (
  SELECT f.id FROM (SELECT lane FROM held WHERE token = ANY ($2::uuid[])) h,
    LATERAL (SELECT id FROM event WHERE lane = h.lane ORDER BY occurred_at, received_at, ordinal, id LIMIT 1) f
), refunded AS (
  UPDATE event SET attempts = attempts - 1
  WHERE lane = ANY (ARRAY (SELECT lane FROM held)) AND id + 0 = ANY (ARRAY (SELECT id FROM first)) AND attempts > 0
)
UPDATE lane SET token = NULL, owner = NULL, until = clock_timestamp() WHERE lane = ANY (ARRAY (SELECT lane FROM held))
