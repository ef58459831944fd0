#!/usr/bin/env bash
# Builds stand-ins for the three public images this project runs on, for networks without an image registry:
# a Node base, PostgreSQL and Kafka, from Debian packages (debootstrap), the project's pinned Node and the pinned
# Kafka jars. Run as root with a Docker engine. Images that exist already are kept; `--rebuild` makes them again.
#
#   eval "$(deploy/stand-in-images.sh --env)"     # build what is missing, then use them in this shell
set -euo pipefail
cd "$(dirname "$0")/.."

NODE_STAND_IN=concert-reservation/stand-in-node:24
POSTGRES_STAND_IN=concert-reservation/stand-in-postgres:15
KAFKA_STAND_IN=concert-reservation/stand-in-kafka:4.3.1
KAFKA_POM=${KAFKA_POM:-local/kafka/pom.xml}
SUITE=${DEBIAN_SUITE:-bookworm}

rebuild=false
print_env=false
for argument in "$@"; do
  case $argument in
    --rebuild) rebuild=true ;;
    --env) print_env=true ;;
    *) echo "usage: $0 [--rebuild] [--env]" >&2 && exit 2 ;;
  esac
done

say() { echo "stand-in images: $*" >&2; }
exists() { [ "$rebuild" = false ] && docker image inspect "$1" >/dev/null 2>&1; }

# The thin layers carry a label over everything they are made from, so that a changed script or jar list rebuilds them.
inputs=$(cat deploy/stand-in/* "$(dirname "$KAFKA_POM")"/*.xml | sha256sum | cut -c 1-16)
is_current() {
  [ "$rebuild" = false ] &&
    [ "$(docker image inspect --format '{{index .Config.Labels "stand-in.inputs"}}' "$1" 2>/dev/null)" = "$inputs" ]
}

work=$(mktemp -d "${TMPDIR:-/tmp}/stand-in-images.XXXXXX")
chmod 755 "$work"
# A debootstrap that was interrupted can leave /proc and /sys mounted in its root: never delete through a mount.
clean_up() {
  mount | awk -v under="$work/" 'index($3, under) == 1 { print $3 }' | sort -r | xargs -r -n1 umount || true
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT

# root_filesystem <name> <packages>: one Debian root with these packages, imported as <name>-root:<suite>.
root_filesystem() {
  local image=concert-reservation/stand-in-$1-root:$SUITE
  exists "$image" && return
  say "Debian $SUITE with ${2//,/, } (about a minute)"
  # shellcheck disable=SC2086 # the mirror is optional and must vanish when it is not set
  if ! debootstrap --variant=minbase --include="$2" "$SUITE" "$work/$1" ${DEBIAN_MIRROR:-} >"$work/$1.log" 2>&1; then
    say "debootstrap failed for $1:" && tail -n 30 "$work/$1.log" "$work/$1/debootstrap/debootstrap.log" >&2
    return 1
  fi
  rm -rf "$work/$1/var/cache/apt/archives/"*.deb "$work/$1/var/lib/apt/lists/"*
  tar -C "$work/$1" --one-file-system -c . | docker import - "$image" >/dev/null
  rm -rf --one-file-system "${work:?}/$1"
}

# build <image> <dockerfile> <context>: the thin layer above a root filesystem.
build() {
  say "building $1"
  DOCKER_BUILDKIT=0 docker build --quiet --build-arg "SUITE=$SUITE" --label "stand-in.inputs=$inputs" -t "$1" -f "$2" "$3" >"$work/build.log" 2>&1 ||
    { cat "$work/build.log" >&2 && return 1; }
}

node_image() {
  is_current "$NODE_STAND_IN" && return
  root_filesystem node ca-certificates,libstdc++6,libatomic1
  local context=$work/node-context
  mkdir -p "$context/lib/node_modules" "$context/bin"
  npm install --prefix "$context/packages" --no-save --ignore-scripts --loglevel=error npm@11 "$(node_package)" >&2
  cp "$context/packages/node_modules/node-linux-"*/bin/node "$context/bin/node"
  cp -r "$context/packages/node_modules/npm" "$context/lib/node_modules/npm"
  rm -rf "$context/packages"
  # What this host trusts (a company's certificate, for one) is what a build inside the image must trust too.
  cp /etc/ssl/certs/ca-certificates.crt "$context/ca-certificates.crt"
  build "$NODE_STAND_IN" deploy/stand-in/node.Dockerfile "$context"
}

# The exact Node that package.json pins, as npm's spec for this machine's architecture.
node_package() {
  local arch=x64
  [ "$(uname -m)" = aarch64 ] && arch=arm64
  local version
  version=$(sed -n "s/.*\"node-linux-$arch\": \"\([0-9.]*\)\".*/\1/p" package.json | head -n 1)
  echo "node-linux-$arch@$version"
}

postgres_image() {
  is_current "$POSTGRES_STAND_IN" && return
  root_filesystem postgres postgresql
  build "$POSTGRES_STAND_IN" deploy/stand-in/postgres.Dockerfile deploy/stand-in
}

kafka_image() {
  is_current "$KAFKA_STAND_IN" && return
  root_filesystem kafka openjdk-17-jre-headless
  local context=$work/kafka-context
  mkdir -p "$context/libs"
  mvn --batch-mode --quiet -Dstyle.color=never -f "$KAFKA_POM" dependency:copy-dependencies -DoutputDirectory="$context/libs" >&2
  cp deploy/stand-in/kafka-entrypoint.sh "$(dirname "$KAFKA_POM")/log4j2.xml" "$context/"
  build "$KAFKA_STAND_IN" deploy/stand-in/kafka.Dockerfile "$context"
}

node_image & node_job=$!
postgres_image & postgres_job=$!
kafka_image & kafka_job=$!
failed=0
for job in $node_job $postgres_job $kafka_job; do wait "$job" || failed=1; done
[ "$failed" = 0 ] || { say "failed" && exit 1; }

say "ready: $NODE_STAND_IN $POSTGRES_STAND_IN $KAFKA_STAND_IN"
if [ "$print_env" = true ]; then
  echo "export NODE_IMAGE=$NODE_STAND_IN POSTGRES_IMAGE=$POSTGRES_STAND_IN KAFKA_IMAGE=$KAFKA_STAND_IN"
fi
