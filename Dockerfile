# Sabai's one image: both programs, what they load, and the certificate authorities that verify LINE. No shell, no package
# manager, nobody who is root.
#
#   docker buildx build --platform linux/amd64,linux/arm64 -t registry.example/sabai:1 .
#   docker build --build-arg PROGRAMS=prebuilt -t sabai:dev .      # target/release/sabai-{bot,agent}, built outside
#
# The stages hold nothing of a machine: the same sources give the same programs on each platform.

ARG RUST=1.95
# `built` compiles in here; `prebuilt` takes programs that were compiled outside, on a system whose glibc is not newer than
# Debian 12's.
ARG PROGRAMS=built

FROM rust:${RUST}-bookworm AS chef
RUN cargo install cargo-chef --locked --version 0.1.78
WORKDIR /src

FROM chef AS recipe
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS programs-built
COPY --from=recipe /src/recipe.json .
# The dependencies, a layer of their own: they change seldom.
RUN cargo chef cook --release --locked --recipe-path recipe.json --package sabai-bot --package sabai-agent
COPY . .
ARG REVISION
# Told by /version; empty is not told.
RUN SABAI_REVISION=${REVISION:-} cargo build --release --locked --package sabai-bot --package sabai-agent \
 && mkdir /programs && cp target/release/sabai-bot target/release/sabai-agent /programs/

FROM scratch AS programs-prebuilt
COPY target/release/sabai-bot target/release/sabai-agent /programs/

FROM programs-${PROGRAMS} AS programs

# What the programs load, and nothing else of Debian.
FROM debian:bookworm-slim AS root
RUN apt-get update \
 && apt-get install --yes --no-install-recommends binutils ca-certificates \
 && rm -rf /var/lib/apt/lists/*
COPY --from=programs /programs /image/usr/local/bin
COPY image/root.sh /
RUN sh /root.sh /image

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="Sabai" \
      org.opencontainers.image.description="A LINE bot that loses no message and answers none twice, on Postgres" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
COPY --from=root /image /
ENV PATH=/usr/local/bin
USER 65532:65532
CMD ["sabai-bot", "serve"]
