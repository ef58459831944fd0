import type { EndpointSpec } from '../endpoint/endpoint.js';
import { operationOf } from './operation.js';
import { type JsonSchema, Schemas } from './schemas.js';

const description = `Fair access to concert tickets: a waiting room, seat holds, a wallet and payments.

Errors are RFC 9457 problem details; switch on \`code\`. Money is an integer in minor units. Times are RFC 3339 in UTC.
Clients ignore members they do not know.`;

/** The OpenAPI 3.1 document of the endpoints that exist. */
export function openApiDocument(endpoints: readonly EndpointSpec[]): JsonSchema {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const endpoint of endpoints) {
    (paths[endpoint.path] ??= {})[endpoint.method.toLowerCase()] = operationOf(endpoint, schemas);
  }
  const tags = [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({ name }));
  return {
    openapi: '3.1.0',
    info: { title: 'Concert reservation', version: '1', description, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    tags,
    paths,
    components: { schemas: schemas.components, securitySchemes: schemesOf(endpoints) },
  };
}

function schemesOf(endpoints: readonly EndpointSpec[]): JsonSchema {
  return { ...securitySchemes, ...(endpoints.some(({ access }) => access === 'service') && { serviceKey }) };
}

const serviceKey = { type: 'http', scheme: 'bearer', description: 'which service asks; a key of INTROSPECTION_KEYS' };

const securitySchemes = {
  accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'who asks' },
  queueToken: {
    type: 'apiKey',
    in: 'header',
    name: 'Queue-Token',
    description: "the place in a concert's line; belongs to one user and one concert",
  },
};
