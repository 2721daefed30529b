/* dead_letters.lock_lanes */
-- As intake does it: a lane without unsettled events is made, free and due; whoever holds it learns that there is news.
-- Its lock comes before all others. A lane whose event is not requeued after all is found empty and ends.
INSERT INTO lane (lane, until)
SELECT lane, clock_timestamp() FROM dead_letter WHERE id = ANY ($1::int8[]) AND lane IS NOT NULL GROUP BY lane ORDER BY lane
ON CONFLICT (lane) DO UPDATE SET dirty = true
