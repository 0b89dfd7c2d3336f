# Images of the broker and the operator:
#   docker build --target broker -t highwater-broker:0.1.0 .
#   docker build --target operator -t highwater-operator:0.1.0 .
# For amd64 and arm64 at once: docker buildx build --platform linux/amd64,linux/arm64 --target broker -t ... --push .
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN cargo build --release --locked --bin highwater-broker --bin highwater-operator

FROM gcr.io/distroless/cc-debian12:nonroot AS broker
COPY --from=build /source/target/release/highwater-broker /usr/local/bin/highwater-broker
ENTRYPOINT ["/usr/local/bin/highwater-broker"]

FROM gcr.io/distroless/cc-debian12:nonroot AS operator
COPY --from=build /source/target/release/highwater-operator /usr/local/bin/highwater-operator
ENTRYPOINT ["/usr/local/bin/highwater-operator"]
