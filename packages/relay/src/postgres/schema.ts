/** Our own tables beside those of pg-boss: the messages, and what is known of destinations. */

/** The name of a schema, as SQL has it. @throws RangeError for anything but letters, digits and underscores. */
export function schemaName(name: string): string {
  for (const character of name) {
    if (!/[a-z0-9_]/.test(character)) throw new RangeError(`${name} cannot be the name of a schema: use a-z, 0-9 and _`)
  }
  return name
}

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
  free bigint NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS ${schema}.alarm (
  job uuid PRIMARY KEY,
  destination text NOT NULL,
  at bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS alarm_at ON ${schema}.alarm(at);
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

/** What a job of pg-boss carries. */
export interface JobData {
  readonly message: string
  readonly destination: string
  readonly via: string | null
  readonly recipients: unknown
  readonly due: number
  readonly expires: number
  readonly warnAt: number | null
  readonly attempts: number
  readonly attempted: number | null
  readonly held: boolean
}

/** Held jobs start at the end of time. */
export const NEVER = new Date(Date.UTC(9000, 0, 1))
