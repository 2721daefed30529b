-- Last part: the lanes of what is to be worked, and what the caller has to know.
, lanes AS (
  -- A lane that was free is won: born claimed, or free and due when $21 is null. A held one learns that there is news.
  INSERT INTO lane (lane, token, owner, until)
  SELECT lane, $21::uuid, $22::uuid, clock_timestamp() + $23::int4 * interval '1 ms' FROM stored GROUP BY lane ORDER BY lane
  ON CONFLICT (lane) DO UPDATE SET dirty = true
  RETURNING lane, coalesce(token = $21::uuid, false) AS won
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
