/* dead_letters.lock */
SELECT id FROM dead_letter WHERE id = ANY ($1::int8[]) ORDER BY id FOR UPDATE
