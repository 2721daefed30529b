/* dead_letters.waiting */
-- Those that wait to be worked: requeued before, and not yet at their end.
SELECT id FROM event WHERE id = ANY ($1::int8[])
