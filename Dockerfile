# One image for all processes; the command picks the process:
#   node dist/gateway/src/main.js
#   node dist/services/<queue|concert|reservation|wallet>/src/main.js
#   node dist/local/src/prepare.js      roles, migrations and topics, once before the others
#   node dist/tools/audit.js            the invariants, over the rows of all services
#   node dist/tools/ops.js              the operator's command line
ARG NODE_IMAGE=node:24-bookworm-slim

# What runs in production. The embedded PostgreSQL and the pinned Node are optional dependencies: not needed in here.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY .npmrc package.json package-lock.json ./
COPY patches ./patches
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund

# Everything, to build with.
FROM dependencies AS build
RUN npm ci --no-audit --no-fund
COPY .swcrc ./
COPY libs ./libs
COPY services ./services
COPY gateway ./gateway
COPY local ./local
COPY tools ./tools
RUN npm run build

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# By number, so that Kubernetes can see that it is not root. Nothing in the image is writable by it.
USER 1000:1000
EXPOSE 3000
CMD ["node", "--enable-source-maps", "dist/gateway/src/main.js"]
