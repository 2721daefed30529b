/* dead_letters.ids */
SELECT id FROM dead_letter
WHERE ($1::text IS NULL OR reason = $1) AND ($2::float8 IS NULL OR dead_at < now() - $2 * interval '1 s')
ORDER BY id
