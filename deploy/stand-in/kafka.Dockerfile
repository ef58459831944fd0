# Stand-in for apache/kafka: KAFKA_* variables become server properties, CLUSTER_ID names the cluster.
ARG SUITE=bookworm
FROM concert-reservation/stand-in-kafka-root:${SUITE}
COPY libs /opt/kafka/libs
COPY log4j2.xml /opt/kafka/config/log4j2.xml
COPY kafka-entrypoint.sh /etc/kafka/docker/run
RUN chmod 755 /etc/kafka/docker/run \
 && groupadd --gid 1000 appuser && useradd --uid 1000 --gid appuser --create-home appuser \
 && install --directory --owner=appuser --group=appuser /var/lib/kafka/data /mnt/shared/config
USER appuser
EXPOSE 9092
CMD ["/etc/kafka/docker/run"]
