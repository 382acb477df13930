# The listeners, and what sends mail directly. Everything but the native packages is in index.mjs and sender.mjs; nothing is written at run time, so that the root file system
# can be read-only, and nobody needs a shell. Only the first stage runs anything, on the machine that builds, whatever it is.

FROM --platform=$BUILDPLATFORM public.ecr.aws/docker/library/node:24-slim AS packages
WORKDIR /app
COPY package.json ./
RUN npm install --omit=dev --ignore-scripts --no-audit --no-fund --os=linux --cpu=arm64 --libc=glibc

FROM public.ecr.aws/docker/library/node:24-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=packages /app/node_modules ./node_modules
COPY package.json index.mjs sender.mjs crypt-worker.mjs ./
USER node
EXPOSE 2525 2587 2465 1143 1993 1110 1995 4190 8080
ENTRYPOINT ["node", "/app/index.mjs"]
