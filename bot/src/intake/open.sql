/* intake.open */
-- Amendments whose second statement was never run: a crash, or Postgres gone in between.
SELECT a.message_id, array_agg(e.lane) FILTER (WHERE e.lane IS NOT NULL) AS lanes
FROM amendment a LEFT JOIN event e ON e.message_id = a.message_id
WHERE NOT a.applied GROUP BY a.message_id ORDER BY a.message_id LIMIT 1000
