# The operator's image. `npm run image` builds it, and docs/IMAGE.md says what is in it and how to pin the two images below.
ARG BUILD_IMAGE=docker.io/library/node:24.21.0-bookworm-slim
ARG BASE_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot

FROM ${BASE_IMAGE} AS base

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
# The manifests come first, so that what caches steps installs again only when they change.
COPY .npmrc package.json package-lock.json ./
COPY cli/package.json cli/
COPY kernel/package.json kernel/
COPY log/package.json log/
COPY plugins/agent-sandbox/package.json plugins/agent-sandbox/
COPY plugins/cluster-kubernetes/package.json plugins/cluster-kubernetes/
COPY plugins/dev-cluster/package.json plugins/dev-cluster/
COPY plugins/leader-lease/package.json plugins/leader-lease/
COPY plugins/metrics/package.json plugins/metrics/
COPY plugins/store-file/package.json plugins/store-file/
COPY plugins/store-s3/package.json plugins/store-s3/
# Settings of npm that a private registry needs can be given as a secret, which stays out of every layer. What is in
# a shared cache is not asked for again: package-lock.json says what each package has to be.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --ignore-scripts --prefer-offline
COPY . .
RUN node node_modules/typescript/bin/tsc -b cli
# Peers that are optional count as both: test frameworks, of the kits that plugin authors use.
RUN npm prune --omit=dev --omit=optional --ignore-scripts
# Where the base image has Node.
ARG NODE_BINARY=/nodejs/bin/node
ARG SOURCE_DATE_EPOCH
RUN --mount=type=bind,from=base,target=/base \
    node scripts/lib/image-root.mjs --out /image --base /base --node "${NODE_BINARY}"

FROM base
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Rynxs operator" \
      org.opencontainers.image.description="Governed computers for AI agents on Kubernetes" \
      org.opencontainers.image.source="https://github.com/rynxs/rynxs-agentos" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /image/root/ /
# The only place that is written to. A volume takes its owner from fsGroup instead.
COPY --from=build --chown=65532:65532 /image/state/ /var/lib/rynxs/
# MALLOC_: glibc's heap fragments where large buffers that live short lie between small ones that live long. There is one for all
# threads, from 32 KiB on buffers are mapped and unmapped by themselves, and what is free at its end is given back (docs/BENCHMARKS.md).
ENV NODE_ENV=production \
    LOG_DIR=/var/lib/rynxs/logs \
    MALLOC_ARENA_MAX=1 \
    MALLOC_MMAP_THRESHOLD_=32768 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    PATH=/app/node_modules/.bin:/nodejs/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Packages that RYNXS_PLUGINS names are looked for here, in node_modules.
WORKDIR /plugins
USER 65532:65532
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
ENTRYPOINT ["rynxs"]
CMD ["start"]
