/**
 * Our own tables beside those of pg-boss: the messages, what waits, and what is known of destinations.
 *
 * pg-boss hands work out: a job that somebody has in hand is a job of pg-boss, which hears the signs of life and gives the
 * jobs of a dead machine to another one. What waits is not there, because pg-boss looks for work by walking over all that
 * waits: a hundred thousand jobs for one dead destination would lie in everybody's way. `destination.ready` is the time
 * from which a job of a destination can be claimed, or an earlier one; NULL while none waits. So a claim looks at
 * destinations that have something to do, by an index, and never at the jobs of others.
 *
 * A queue may be empty now and hold a million jobs in a minute, so what PostgreSQL believes about these tables is often
 * wrong: where it expects one row, any index looks as good as the right one. Our statements leave it no choice. The
 * index of alarms serves only those that say `alarm >= 0`, and where one row is enough an ORDER BY names its index.
 */

/** The name of a schema, as SQL has it. @throws RangeError for anything but letters, digits and underscores. */
export function schemaName(name: string): string {
  for (const character of name) {
    if (!/[a-z0-9_]/.test(character)) throw new RangeError(`${name} cannot be the name of a schema: use a-z, 0-9 and _`)
  }
  return name
}

/** States of a job. A running job that is to be held is held when it is settled. */
export const WAITING = 0
export const RUNNING = 1
export const HELD = 2
export const RUNNING_TO_HOLD = 3

/** What makes the tables where they are missing. */
export function schemaSql(schema: string): string {
  return `
CREATE SCHEMA IF NOT EXISTS ${schema};
CREATE TABLE IF NOT EXISTS ${schema}.message (
  id text PRIMARY KEY,
  size bigint NOT NULL,
  arrived bigint NOT NULL,
  envelope jsonb NOT NULL,
  jobs int NOT NULL
);
CREATE TABLE IF NOT EXISTS ${schema}.chunk (
  message text NOT NULL,
  number int NOT NULL,
  octets bytea NOT NULL,
  written timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (message, number)
);
CREATE TABLE IF NOT EXISTS ${schema}.destination (
  key text PRIMARY KEY,
  failures int NOT NULL DEFAULT 0,
  blocked bigint NOT NULL DEFAULT 0,
  failure jsonb,
  free bigint NOT NULL DEFAULT 0,
  ready bigint
);
CREATE INDEX IF NOT EXISTS destination_ready ON ${schema}.destination(ready) WHERE ready IS NOT NULL;
CREATE TABLE IF NOT EXISTS ${schema}.job (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message text NOT NULL,
  destination text NOT NULL,
  state smallint NOT NULL,
  due bigint NOT NULL,
  alarm bigint NOT NULL,
  expires bigint NOT NULL,
  warn bigint,
  attempts int NOT NULL DEFAULT 0,
  attempted bigint,
  via text,
  recipients jsonb NOT NULL,
  boss uuid
);
CREATE INDEX IF NOT EXISTS job_message ON ${schema}.job(message);
CREATE INDEX IF NOT EXISTS job_due ON ${schema}.job(destination, due) WHERE state = ${WAITING};
CREATE INDEX IF NOT EXISTS job_overdue ON ${schema}.job(alarm) WHERE state = ${WAITING} AND alarm >= 0;
CREATE INDEX IF NOT EXISTS job_running ON ${schema}.job(destination) WHERE state IN (${RUNNING}, ${RUNNING_TO_HOLD});
CREATE INDEX IF NOT EXISTS job_boss ON ${schema}.job(boss) WHERE boss IS NOT NULL;
CREATE INDEX IF NOT EXISTS job_state ON ${schema}.job(destination, state);
CREATE TABLE IF NOT EXISTS ${schema}.place (
  id uuid PRIMARY KEY,
  server text NOT NULL,
  owner uuid NOT NULL,
  until bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS place_server ON ${schema}.place(server);
CREATE TABLE IF NOT EXISTS ${schema}.pace (server text PRIMARY KEY, free bigint NOT NULL);
`
}
