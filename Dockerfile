# syntax=docker/dockerfile:1
# Builds the binary, pages and migrations included, and puts it alone into a small image.
#   docker build -t orderbell . && docker run --rm -p 8080:8080 -v orderbell:/data orderbell

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --release && install -D target/release/orderbell /out/orderbell

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --create-home orderbell
COPY --from=build /out/orderbell /usr/local/bin/orderbell
USER orderbell
WORKDIR /data
VOLUME /data
ENV ORDERBELL_BIND=0.0.0.0:8080 DATABASE_URL=sqlite:///data/orderbell.db
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["orderbell", "healthcheck"]
ENTRYPOINT ["orderbell"]
CMD ["serve"]
