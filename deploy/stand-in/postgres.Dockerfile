# Stand-in for the official postgres image: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB and PGDATA are honoured.
ARG SUITE=bookworm
FROM concert-reservation/stand-in-postgres-root:${SUITE}
COPY postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
RUN chmod 755 /usr/local/bin/docker-entrypoint.sh \
 && ln -sf /usr/lib/postgresql/*/bin/* /usr/local/bin/ \
 && install --directory --owner=postgres --group=postgres --mode=3777 /var/run/postgresql
ENV PGDATA=/var/lib/postgresql/data
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
