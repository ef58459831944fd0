/** The services with a schema of their own. Role, schema and service have one name. */
export const roles = ['queue', 'concert', 'reservation', 'wallet'] as const;
export type Role = (typeof roles)[number];

/** Reads every service's tables and writes none: the role of `npm run audit`. */
export const auditor = 'auditor';
export type Login = Role | typeof auditor;

/** Where `npm start` has its PostgreSQL, unless LOCAL_POSTGRES_PORT says otherwise. */
export const localPostgresPort = 5433;

/** A role's password: `<ROLE>_DB_PASSWORD` when set, else the role's name (the local server listens on loopback alone). */
export function passwordOf(role: Login, environment: NodeJS.ProcessEnv = process.env): string {
  return environment[`${role.toUpperCase()}_DB_PASSWORD`] || role;
}

/** The administrator's URL with another role in it. */
export function urlOf(role: Login, adminUrl: string, environment: NodeJS.ProcessEnv = process.env): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = encodeURIComponent(passwordOf(role, environment));
  return url.href;
}
