import { defineConfig } from 'vitest/config'

/** They count what their process does. */
const alone = ['test/unit/bench/**/*.test.ts']

export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/seed.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        // They leave nothing behind: a process for each file would take longer than what they do.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], exclude: alone, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: [
            'test/{cdk,conformance,console,scenarios,style,transcripts}/**/*.test.ts',
            ...alone,
          ],
        },
      },
    ],
  },
})
