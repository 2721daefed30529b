-- Last part: the lane ends with its last event, unless there is news.
, released AS (
  DELETE FROM lane WHERE lane = ANY (ARRAY (SELECT lane FROM held WHERE last)) AND NOT dirty
)
-- The lanes are locked, so what was read of them stands. A holder without a row has lost its lane; it may stand in
-- the same batch as the next one, so each is told its own.
SELECT event, token, dirty, last AND NOT dirty AS released FROM held
