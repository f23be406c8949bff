# shellcheck shell=bash
# Starts a PostgreSQL cluster and a Redis on free ports, in a folder that is deleted at the end. Does not touch the system's
# services. To be sourced after common.sh and packages.sh.

scratch=
service_pids=()

make_scratch() {
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/orderbell-test.XXXXXX")
  chmod 711 "$scratch" # PostgreSQL runs as another user and has to pass through
}

# PostgreSQL refuses root, so root switches to the user of Debian's package.
start_postgres() {
  local bin data=$scratch/postgres port user=()
  bin=$(postgres_bin)
  mkdir "$data"
  if is_root; then
    user=(setpriv --reuid=postgres --regid=postgres --clear-groups --pdeathsig KILL)
    chown postgres: "$data"
  fi
  (cd "$data" && "${user[@]}" "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C --no-sync) \
    >"$scratch/initdb.log" 2>&1 || { cat "$scratch/initdb.log" >&2; die 'initdb failed'; }
  port=$(free_port)
  # No fsync, for speed: the data survives a killed process, but not a power failure.
  (cd "$data" && exec "${user[@]}" "$bin/postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1 \
    -c "unix_socket_directories=$data" -c max_connections=300 -c fsync=off -c full_page_writes=off) \
    >"$scratch/postgres.log" 2>&1 &
  service_pids+=($!)
  wait_for 30 PostgreSQL "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" -U postgres
  export ORDERBELL_TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
  say "PostgreSQL $("$bin/postgres" --version | awk '{print $3}') on port $port"
}

start_redis() {
  local port
  port=$(free_port)
  redis-server --bind 127.0.0.1 --port "$port" --dir "$scratch" --save '' --appendonly no >"$scratch/redis.log" 2>&1 &
  service_pids+=($!)
  wait_for 10 Redis redis-cli -h 127.0.0.1 -p "$port" ping
  export ORDERBELL_TEST_REDIS_URL="redis://127.0.0.1:$port"
  say "Redis $(redis-server --version | sed 's/.* v=\([^ ]*\).*/\1/') on port $port"
}

# SIGINT ends PostgreSQL immediately and cleanly ("fast"), and Redis too.
stop_services() {
  local pid
  trap '' INT TERM # a second signal must not leave anything behind
  for pid in "${service_pids[@]}"; do kill -INT "$pid" 2>/dev/null || true; done
  for pid in "${service_pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  service_pids=()
  [ -z "$scratch" ] || rm -rf "$scratch"
}
