/* unknowns.list */
-- By the index of what is unknown. Customers' texts and ids only when $3.
SELECT event, kind, reason, occurred_at, received_at, begun_at, settled_at, request_id, trace,
       CASE WHEN $3 THEN lane END AS lane, CASE WHEN $3 THEN user_text END AS user_text,
       CASE WHEN $3 THEN answer::text END AS answer
FROM turn
WHERE outcome = 'unknown' AND ($1::float8 IS NULL OR settled_at < now() - $1 * interval '1 s')
ORDER BY event LIMIT $2::int8
