# Two stages: one that compiles the native modules and the page, one that runs.
FROM node:24-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ make python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Tagward" \
      org.opencontainers.image.description="Edge gateway for wearable safety tags" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/tagward --shell /usr/sbin/nologin --groups dialout tagward \
 && install -d -o tagward -g tagward -m 0750 /var/lib/tagward \
 && install -d -o root -g tagward -m 0750 /etc/tagward
WORKDIR /opt/tagward
COPY --from=build /build/package.json /build/LICENSE /build/config.example.yaml /build/config.demo.yaml ./
COPY --from=build /build/bin ./bin
COPY --from=build /build/dist ./dist
COPY --from=build /build/schemas ./schemas
COPY --from=build /build/node_modules ./node_modules
RUN ln -s /opt/tagward/bin/tagward.js /usr/local/bin/tagward
ENV NODE_ENV=production
USER tagward
VOLUME /var/lib/tagward
# The page listens on loopback until it has users: run with --network host to reach it from the machine itself.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--"]
CMD ["tagward", "run", "--config", "/etc/tagward/tagward.yaml", "--data", "/var/lib/tagward"]
