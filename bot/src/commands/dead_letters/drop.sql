/* dead_letters.drop */
WITH found AS MATERIALIZED (
  SELECT id FROM dead_letter WHERE id = ANY ($1::int8[]) ORDER BY id FOR UPDATE
)
DELETE FROM dead_letter WHERE id = ANY (ARRAY (SELECT id FROM found)) RETURNING id
