/* queue.people */
SELECT user_id, language AS stored_language, profile_language, fetched_at FROM person WHERE user_id = ANY ($1::text[])
