/* queue.disown */
WITH held AS MATERIALIZED (
  SELECT lane FROM lane WHERE token = ANY ($1::uuid[]) ORDER BY lane FOR NO KEY UPDATE
)
UPDATE lane SET token = NULL, owner = NULL, until = clock_timestamp() WHERE lane = ANY (ARRAY (SELECT lane FROM held))
