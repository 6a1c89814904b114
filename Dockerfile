# A small image: one binary, the root certificates of its base, no shell and no package manager.
# Not built by the project's tests, which have no container engine: it is linted only.
FROM rust:1.95-slim-bookworm AS build
# aws-lc-sys compiles C.
RUN apt-get update \
    && apt-get install --no-install-recommends --yes gcc=4:12.* libc6-dev=2.36-* make=4.3-* \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN cargo install --locked --profile dist --path . --root /out

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/bin/coldbucket /usr/local/bin/coldbucket
WORKDIR /work
# The uid of nonroot in distroless images.
USER 65532
ENTRYPOINT ["/usr/local/bin/coldbucket"]
CMD ["--help"]
