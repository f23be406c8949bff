# syntax=docker/dockerfile:1
# Builds the binary with the embedded pages and migrations, and copies only the binary into a small image.
#   docker build -t orderbell . && docker run --rm -p 127.0.0.1:8080:8080 -v orderbell:/data orderbell

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --release && install -D target/release/orderbell /out/orderbell

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 orderbell \
    && useradd --uid 10001 --gid 10001 --no-log-init --home-dir /data --shell /usr/sbin/nologin orderbell \
    && install --directory --owner 10001 --group 10001 --mode 700 /data
COPY --from=build /out/orderbell /usr/local/bin/orderbell
# The user by number, so that an orchestrator that refuses root can verify it.
USER 10001:10001
WORKDIR /data
VOLUME /data
# The port can be reached only where it is published: publish it to a proxy with TLS, or set ORDERBELL_TLS_CERTIFICATE and
# ORDERBELL_TLS_KEY.
ENV ORDERBELL_BIND=0.0.0.0:8080 ORDERBELL_BEHIND_PROXY=true DATABASE_URL=sqlite:///data/orderbell.db
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["orderbell", "healthcheck"]
ENTRYPOINT ["orderbell"]
CMD ["serve"]
