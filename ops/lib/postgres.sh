# shellcheck shell=bash
# A private PostgreSQL for tests and for `ops/up`; sourced, not run.
#
#   pg_start DIR PORT   makes a cluster under DIR if there is none, starts it, waits until it
#                       answers; prints the URL of its superuser `postgres`
#   pg_stop DIR         stops it
#
# PostgreSQL refuses to run as root: started by root, everything runs as the system user
# `postgres`, and DIR is made reachable for that user. The socket lies in DIR/socket, so DIR must
# be short (a socket's path has at most 107 octets). PG_TEST=1 trades durability for speed.

# Where Debian keeps initdb and pg_ctl; the newest version, 15 or later.
pg_bin() {
    local newest
    newest=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
    [ -x "$newest" ] || {
        echo "PostgreSQL is not installed: apt-get install postgresql" >&2
        return 1
    }
    dirname "$newest"
}

# Runs a command as the user who owns the cluster.
pg_as() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

pg_start() {
    local dir=$1 port=$2 bin options
    bin=$(pg_bin) || return 1
    mkdir -p "$dir/socket" || return 1
    if [ "$(id -u)" = 0 ]; then chown postgres "$dir" "$dir/socket" || return 1; fi
    if [ ! -f "$dir/data/PG_VERSION" ]; then
        pg_as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
            --no-sync >"$dir/initdb.log" 2>&1 || {
            cat "$dir/initdb.log" >&2
            return 1
        }
    fi
    options="-k $dir/socket -p $port -c listen_addresses= -c max_connections=300"
    if [ -n "${PG_TEST:-}" ]; then
        options="$options -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
        options="$options -c max_wal_size=4GB -c shared_buffers=256MB"
    fi
    if ! pg_as "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; then
        pg_as "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -o "$options" -w -t 60 start \
            >/dev/null || {
            tail -n 20 "$dir/data/server.log" >&2
            return 1
        }
    fi
    echo "postgresql:///postgres?host=$dir/socket&port=$port&user=postgres"
}

pg_stop() {
    local dir=$1 bin
    bin=$(pg_bin) || return 1
    [ -f "$dir/data/postmaster.pid" ] || return 0
    pg_as "$bin/pg_ctl" -D "$dir/data" -m fast -w stop >/dev/null
}
