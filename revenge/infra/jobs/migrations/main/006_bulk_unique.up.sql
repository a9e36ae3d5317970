-- Bit 0 of get_bit is the leftmost. A job keeps its unique key taken while its state's bit is set.
CREATE OR REPLACE FUNCTION /* TEMPLATE: schema */river_job_state_in_bitmask(bitmask bit, state /* TEMPLATE: schema */river_job_state)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $in_bitmask$
    SELECT 1 = CASE state
        WHEN 'scheduled' THEN get_bit(bitmask, 0)
        WHEN 'running' THEN get_bit(bitmask, 1)
        WHEN 'retryable' THEN get_bit(bitmask, 2)
        WHEN 'pending' THEN get_bit(bitmask, 3)
        WHEN 'discarded' THEN get_bit(bitmask, 4)
        WHEN 'completed' THEN get_bit(bitmask, 5)
        WHEN 'cancelled' THEN get_bit(bitmask, 6)
        WHEN 'available' THEN get_bit(bitmask, 7)
        ELSE 0
    END
$in_bitmask$;

ALTER TABLE /* TEMPLATE: schema */river_job ADD COLUMN IF NOT EXISTS unique_states bit(8);

CREATE UNIQUE INDEX IF NOT EXISTS river_job_unique_idx ON /* TEMPLATE: schema */river_job (unique_key)
    WHERE unique_key IS NOT NULL
        AND unique_states IS NOT NULL
        AND /* TEMPLATE: schema */river_job_state_in_bitmask(unique_states, state);

DROP INDEX /* TEMPLATE: schema */river_job_kind_unique_key_idx;
