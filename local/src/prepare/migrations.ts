import type { MigrationInterface } from 'typeorm';
import type { Role } from '../roles.js';

type Migrations = (new () => MigrationInterface)[];

/** A service's migrations in order, from its own folder: the one thing that is read from outside a service. */
export async function migrationsOf(role: Role): Promise<Migrations> {
  const module = (await import(`../../../services/${role}/src/postgres/migrations/index.js`)) as {
    migrations: Migrations;
  };
  return module.migrations;
}
