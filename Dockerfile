# The worker image. Build: docker build --tag scriptorium-worker:0.8.0 .
# It holds the default embedding model, so its workers start without a network but that of the stack.

FROM node:24.21.0-bookworm-slim AS base
WORKDIR /app
# The install script of the ONNX runtime would fetch CUDA libraries that a worker on a CPU has no use for.
ENV ONNXRUNTIME_NODE_INSTALL=skip

FROM base AS build
COPY package.json package-lock.json ./
COPY scripts/ensure-installed.mjs ./scripts/
# The locked dependencies, with the mark that keeps the build from doing it again.
RUN node scripts/ensure-installed.mjs
COPY tsconfig.json tsconfig.build.json ./
COPY bin ./bin
COPY scripts ./scripts
COPY activities ./activities
COPY client ./client
COPY workers ./workers
COPY workflows ./workflows
RUN npm run build

FROM base AS dependencies
COPY package.json package-lock.json ./
RUN npm install --no-save --omit=dev && npm cache clean --force

# The product's own asset module fetches the model and its tokenizer and checks their SHA-256.
FROM build AS assets
RUN apt-get update \
  && apt-get install --yes --no-install-recommends python3-pip \
  && rm -rf /var/lib/apt/lists/*
COPY <<'EOS' /tmp/fetch-assets.mjs
const { findAsset } = await import('/app/dist/workers/assets/find-asset.js');
const { modelAsset, tokenizerAsset } = await import('/app/dist/workers/assets/manifest.js');
for (const asset of [modelAsset, tokenizerAsset]) {
  console.log(await findAsset(asset, { cacheFolder: '/assets', env: {} }));
}
EOS
RUN node /tmp/fetch-assets.mjs

FROM base AS runtime
ENV NODE_ENV=production \
  SCRIPTORIUM_HOME=/var/lib/scriptorium \
  SCRIPTORIUM_CACHE=/opt/scriptorium/assets
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates tini \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --home-dir /var/lib/scriptorium --shell /usr/sbin/nologin scriptorium \
  && install --directory --owner=scriptorium --group=scriptorium --mode=0750 /var/lib/scriptorium
COPY --from=assets /assets /opt/scriptorium/assets
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE README.md ./
COPY --chmod=755 bin ./bin
RUN ln -s /app/bin/scriptorium.js /usr/local/bin/scriptorium
USER scriptorium
VOLUME /var/lib/scriptorium
STOPSIGNAL SIGTERM
# A worker that dies ends its container; beyond that, healthy means that Temporal is reached from here.
HEALTHCHECK --interval=60s --timeout=30s --start-period=120s --retries=4 CMD ["scriptorium", "status"]
ENTRYPOINT ["tini", "--"]
CMD ["scriptorium", "worker"]
