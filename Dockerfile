# hotdir in a container: the published package, built from this checkout, and the OpenSSH that carries the bytes.
# See examples/docker/compose.yaml for what it needs to be given.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN mkdir /package && npm pack --pack-destination /package

FROM node:24.21.0-bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends openssh-client \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /package /package
RUN npm install --global --no-audit --no-fund /package/*.tgz && rm -rf /package /root/.npm
ENV HOTDIR_STATE_DIR=/state
# 1000 is the image's own user; any other needs a name in /etc/passwd, since ssh asks for it.
USER 1000:1000
# SIGTERM ends it in order: work under way ends or is handed back.
STOPSIGNAL SIGTERM
# 0: the daemon answers on its control socket; 1: it does not.
HEALTHCHECK --interval=30s --timeout=15s --start-period=120s --retries=3 CMD ["hotdir", "sanity", "--health"]
ENTRYPOINT ["hotdir"]
CMD ["run", "--config", "/config/hotdir.yaml"]
