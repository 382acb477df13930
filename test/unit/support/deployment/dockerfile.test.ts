import { expect, it } from 'vitest'
import { readDockerfile } from '#test/support/deployment/dockerfile.ts'

it('reads the last stage', () => {
  const text = `# two stages
FROM node:24 AS packages
COPY package.json ./
RUN npm install && \\
    rm -rf /root/.npm
CMD ["never"]

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production COLOUR=no
COPY --from=packages /app/node_modules ./node_modules
COPY --chown=node index.mjs worker.mjs ./
ENTRYPOINT ["node", "/app/index.mjs"]
`
  expect(readDockerfile(text)).toEqual({
    copied: ['index.mjs', 'worker.mjs'],
    hasPackages: true,
    workingDirectory: '/app',
    environment: { NODE_ENV: 'production', COLOUR: 'no' },
    entryPoint: ['node', '/app/index.mjs'],
    command: [],
  })
})

it('refuses a command behind a shell, which would keep SIGTERM for itself', () => {
  expect(() => readDockerfile('FROM a\nCMD node index.mjs')).toThrow('not in exec form')
})
